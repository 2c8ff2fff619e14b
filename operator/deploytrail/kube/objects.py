"""Record to object and back. A record of ours is named by its id; an applied one is kept as it is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from deploytrail.errors import Reason, Rejected
from deploytrail.kube.client import Object
from deploytrail.kube.forms import FORMS, Form
from deploytrail.kube.parts import MarkPart
from deploytrail.kube.resources import API_VERSION, RecordSpec
from deploytrail.record.identity import resource_id
from deploytrail.record.model import Links, Mark, R, Record, ResourceRef, Source, Status, Telling, Trigger

MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = "deploytrail"
APPLICATION_UID = "deploytrail.dev/application-uid"
SERIES = "deploytrail.dev/series"
KEEP = "deploytrail.dev/keep"
"""A label or annotation that people set, so that retention leaves the object alone; ``false`` takes it back."""


def is_record(obj: Object, form: Form[Any], *, home: str) -> bool:
    """Whether Deploytrail made it: in its own namespace, named by the id it carries."""
    metadata = obj["metadata"]
    return bool(metadata["namespace"] == home and metadata["name"] == obj["spec"].get(to_camel(form.marker)))


def is_kept(obj: Object) -> bool:
    """Whether somebody marked it to be kept."""
    metadata = obj["metadata"]
    marks = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    return str(marks.get(KEEP, "false")).lower() != "false"


def to_object(record: Record, *, namespace: str, stored: Object | None = None, derived: bool = False) -> Object:
    """The whole record as one object, so that one write makes it durable. Rejected when an object cannot hold it.

    ``stored`` is the one it replaces, at the version it has: what people wrote beside the record stays. Where it was
    ``derived`` again from its reports the object says so: then alone the API server lets it say anything anew.
    """
    form, labels = FORMS[type(record)], {MANAGED_BY: OURS}
    application = getattr(record, "application", None)
    if application is not None:
        labels[APPLICATION_UID] = application.uid
    if record.attempt is not None:
        labels[SERIES] = record.attempt.series
    metadata: Object = {"name": record.id, "namespace": namespace, "labels": labels}
    if stored is not None:
        before = {name: value for name, value in stored["metadata"].items() if name != "managedFields"}
        metadata = {**before, "labels": {**(before.get("labels") or {}), **labels}}
    spec, derivations = _to_spec(record, form), stored["spec"].get("derivation", 0) if stored is not None else 0
    if derivations or derived:
        spec["derivation"] = derivations + derived
    return {"apiVersion": API_VERSION, "kind": form.name, "metadata": metadata, "spec": spec}


def from_object(obj: Object, form: Form[R], *, home: str) -> R:
    """The record an object holds. Rejected, with a sentence for whoever applied it, when it holds none."""
    try:
        spec = form.spec.model_validate(obj["spec"])
    except ValidationError as error:
        raise refusal(error) from error
    if is_record(obj, form, home=home):
        return form.record(**_record(obj, spec, form))
    if not form.applied:
        raise Rejected(f"{form.name}s are made by Deploytrail alone", reason="invalid-field", field=form.marker)
    return form.record(**_applied(obj, spec, form))


def _record(obj: Object, spec: RecordSpec, form: Form[Any]) -> Mapping[str, Any]:
    tellings = tuple(Telling(**report.model_dump()) for report in spec.reports)
    created, said = _created(obj), _said(spec, form)
    return said | {
        "id": obj["metadata"]["name"],
        "created_at": tellings[0].received_at if tellings else created,
        "updated_at": max((*(each.received_at for each in tellings), *_marked_at(said)), default=created),
        "tellings": tellings,
    }


def _applied(obj: Object, spec: RecordSpec, form: Form[Any]) -> Mapping[str, Any]:
    metadata, created, said = obj["metadata"], _created(obj), _said(spec, form)
    reached = {Status(state["status"]): state["at"] for state in obj.get("status", {}).get("history", [])}
    status: Status = said["status"]
    at = said.get("finished_at") if status.terminal else said.get("started_at")
    changed = _changed(obj)
    reached.setdefault(status, at or (created if not reached else changed))
    # The state it has was told when the object was last changed, those before when it was made.
    tellings = tuple(
        Telling(
            source=Source.KUBECTL,
            status=each,
            at=when,
            received_at=changed if each is status else created,
            fingerprint=f"applied:{each}",
        )
        for each, when in reached.items()
    )
    by_hand = {"trigger": Trigger.KUBECTL} if "trigger" in form.record.model_fields else {}
    if "marks" in form.record.model_fields:
        # In its status: what people apply is theirs, and a mark has to outlive the next time they do.
        said["marks"] = [Mark(**mark) for mark in obj.get("status", {}).get("marks", [])]
    return {
        **by_hand,
        **said,
        "source": Source.KUBECTL,
        "id": resource_id(uid=metadata["uid"], name=metadata["name"]),
        "created_at": created,
        "updated_at": max((changed, *_marked_at(said))),
        "tellings": tellings,
        "resource": ResourceRef(namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]),
    }


def _said(spec: RecordSpec, form: Form[Any]) -> dict[str, Any]:
    """What stands in spec under the names of the record; what is left out there is left out here."""
    values = spec.model_dump(include=_shared(form))
    return {"source": Source.KUBECTL} | {name: value for name, value in values.items() if value is not None}


@cache
def _shared(form: Form[Any]) -> set[str]:
    return set(form.spec.model_fields) & set(form.record.model_fields)


def _to_spec(record: Record, form: Form[Any]) -> dict[str, Any]:
    values = record.model_dump(include=_shared(form)) | {
        form.marker: record.id,
        "metadata": dict(record.metadata) or None,
        "reports": [telling.model_dump() for telling in record.tellings],
    }
    if values.get("links") == Links().model_dump():
        values["links"] = None
    try:
        spec = form.spec.model_validate(values)
    except ValidationError as error:
        raise refusal(error) from error
    shown = {name: values[name] for name in ("counted",) if name in values}
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True) | shown


def refusal(error: ValidationError) -> Rejected:
    """What an object's spec cannot hold, with a sentence for whoever sent it."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    reason: Reason = "too-large" if first["type"] in ("string_too_long", "too_long") else "invalid-field"
    return Rejected(f"spec.{field}: {first['msg']}", reason=reason, field=field)


def mark_to_status(mark: Mark) -> Object:
    """A mark as the status of an applied object holds it."""
    return MarkPart(**mark.model_dump()).model_dump(mode="json", by_alias=True, exclude_none=True)


def _marked_at(said: Mapping[str, Any]) -> Iterator[datetime]:
    for mark in said.get("marks", ()):
        yield mark.at if isinstance(mark, Mark) else mark["at"]


def _created(obj: Object) -> datetime:
    return datetime.fromisoformat(obj["metadata"]["creationTimestamp"])


def _changed(obj: Object) -> datetime:
    """When spec was last written, as the API server noted it for the field managers."""
    fields = obj["metadata"].get("managedFields", [])
    written = [entry["time"] for entry in fields if entry.get("time") and not entry.get("subresource")]
    return datetime.fromisoformat(max(written)).astimezone(UTC) if written else _created(obj)
