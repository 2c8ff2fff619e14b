"""Deployment to DeploymentEvent and back. A record of ours is named by its id; an applied one is kept as it is."""

from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from deploytrail.errors import Rejected
from deploytrail.kube.client import Object
from deploytrail.kube.resources import API_VERSION, KIND, DeploymentEventSpec
from deploytrail.record.identity import resource_id
from deploytrail.record.model import (
    ApplicationRef,
    Deployment,
    Facts,
    Links,
    ResourceRef,
    Source,
    Status,
    Telling,
    Trigger,
)

MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = "deploytrail"
APPLICATION_UID = "deploytrail.dev/application-uid"


def is_record(obj: Object, *, home: str) -> bool:
    """Whether Deploytrail made it: in its own namespace, named by the id it carries."""
    metadata = obj["metadata"]
    return bool(metadata["namespace"] == home and metadata["name"] == obj["spec"].get("deploymentId"))


def to_object(deployment: Deployment, *, namespace: str, resource_version: str | None = None) -> Object:
    """The whole record as one object, so that one write makes it durable."""
    labels = {MANAGED_BY: OURS}
    if deployment.application is not None:
        labels[APPLICATION_UID] = deployment.application.uid
    metadata: Object = {"name": deployment.id, "namespace": namespace, "labels": labels}
    if resource_version is not None:
        metadata["resourceVersion"] = resource_version
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": _to_spec(deployment)}


def from_object(obj: Object, *, home: str) -> Deployment:
    """The record an object holds. Rejected, with a sentence for whoever applied it, when it holds none."""
    try:
        spec = DeploymentEventSpec.model_validate(obj["spec"])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Rejected(f"spec.{field}: {first['msg']}", reason="invalid-field", field=field) from error
    if is_record(obj, home=home):
        return _record(obj, spec)
    return _applied(obj, spec)


def _record(obj: Object, spec: DeploymentEventSpec) -> Deployment:
    tellings = tuple(Telling(**report.model_dump()) for report in spec.reports)
    created = _created(obj)
    return Deployment(
        **_facts(spec).model_dump(),
        id=obj["metadata"]["name"],
        status=spec.status,
        source=spec.source or Source.KUBECTL,
        created_at=tellings[0].received_at if tellings else created,
        updated_at=tellings[-1].received_at if tellings else created,
        started_at=spec.started_at,
        finished_at=spec.finished_at,
        settled_at=spec.settled_at,
        counted=spec.counted,
        reason=spec.reason,
        tellings=tellings,
    )


def _applied(obj: Object, spec: DeploymentEventSpec) -> Deployment:
    metadata, created = obj["metadata"], _created(obj)
    reached = {Status(state["status"]): state["at"] for state in obj.get("status", {}).get("history", [])}
    at = spec.finished_at if spec.status.terminal else spec.started_at
    reached.setdefault(spec.status, at or (created if not reached else _changed(obj)))
    tellings = tuple(
        Telling(source=Source.KUBECTL, status=status, at=when, received_at=created, fingerprint=f"applied:{status}")
        for status, when in reached.items()
    )
    facts = _facts(spec)
    return Deployment(
        **(facts.model_dump() | {"trigger": facts.trigger or Trigger.KUBECTL}),
        id=resource_id(uid=metadata["uid"], name=metadata["name"]),
        status=spec.status,
        source=Source.KUBECTL,
        created_at=created,
        updated_at=_changed(obj),
        started_at=spec.started_at,
        finished_at=spec.finished_at,
        settled_at=spec.settled_at,
        counted=spec.counted,
        reason=spec.reason,
        tellings=tellings,
        resource=ResourceRef(namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]),
    )


def _facts(spec: DeploymentEventSpec) -> Facts:
    values = {name: getattr(spec, name) for name in Facts.model_fields}
    values["links"] = Links(**spec.links.model_dump()) if spec.links else Links()
    values["application"] = ApplicationRef(**spec.application.model_dump()) if spec.application else None
    values["metadata"] = spec.metadata or {}
    return Facts(**values)


def _to_spec(deployment: Deployment) -> dict[str, Any]:
    values = deployment.model_dump(include=set(DeploymentEventSpec.model_fields))
    spec = DeploymentEventSpec.model_validate(
        values
        | {
            "deployment_id": deployment.id,
            "links": deployment.links.model_dump() if deployment.links != Links() else None,
            "metadata": dict(deployment.metadata) or None,
            "reports": [telling.model_dump() for telling in deployment.tellings],
        }
    )
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"counted": deployment.counted}


def _created(obj: Object) -> datetime:
    return datetime.fromisoformat(obj["metadata"]["creationTimestamp"])


def _changed(obj: Object) -> datetime:
    """When spec was last written, as the API server noted it for the field managers."""
    fields = obj["metadata"].get("managedFields", [])
    written = [entry["time"] for entry in fields if entry.get("time") and not entry.get("subresource")]
    return datetime.fromisoformat(max(written)).astimezone(UTC) if written else _created(obj)
