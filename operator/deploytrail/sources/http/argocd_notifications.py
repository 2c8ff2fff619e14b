"""Argo CD Notifications: an Application as it stands, told by Argo CD itself, for clusters that cannot be watched.

The template in docs/argocd-notifications.md sends what is read of an Application, under the names it has there. So a
notification makes the record that watching would have made, with the same id; who watches knows better all the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.mapping import argocd, notifications
from deploytrail.mapping.rules import Rules
from deploytrail.record.model import Deployment, Repeat, Report, Source
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.sources.http.dialect import (
    BEARER,
    Answer,
    Dialect,
    DocPage,
    Ignored,
    Request,
    bearer,
    code_of,
    fingerprint,
    in_words,
)
from deploytrail.sources.http.fields import Given, Told


class Metadata(BaseModel):
    """Which Application it is."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    name: Given
    namespace: Given
    uid: Given


class Notification(BaseModel):
    """An Application as the Kubernetes API shows it; only what is read of it need be there."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    metadata: Metadata
    status: dict[str, Any]
    spec: dict[str, Any] = {}
    operation: dict[str, Any] = {}
    argocdUrl: Told = None  # noqa: N815 - as the notifications' context calls it


def parse(request: Request, settings: ArgocdSettings) -> Report | Ignored:
    """The report a notification makes; of an Application without an operation, or with a mere dry run, none."""
    try:
        told = Notification.model_validate(request.document)
    except ValidationError as error:
        raise _rejection(error) from None
    rules = _rules(settings.rules, environment=request.key.environment, url=told.argocdUrl)
    try:
        finding = notifications.read(request.document, rules, settings.policy, now=request.received_at)
    except OverflowError as error:
        raise Rejected("a time lies at the end of the calendar", reason="invalid-time", field="status") from error
    if finding is None:
        return Ignored("the Application shows no operation that is recorded")
    report = argocd.report(finding, rules, received_at=request.received_at)
    telling = report.telling.model_copy(
        update={
            "source": Source.ARGOCD_NOTIFICATIONS,
            "reporter": request.key.name,
            "body": request.text,
            "fingerprint": fingerprint(request.document),
        }
    )
    return report.model_copy(
        update={"telling": telling, "facts": _facts(report, request.document), "repeat": Repeat.YIELD}
    )


def answer(deployment: Deployment) -> Answer:
    """Argo CD reads no more than the code."""
    return Answer(200, {"id": deployment.id})


def refuse(error: DeploytrailError) -> Answer:
    """``{"error": ...}``, which Argo CD writes to its log."""
    return Answer(code_of(error), {"error": _explain(error)})


_NAMES: Mapping[str, str] = {
    "product": "metadata.name",
    "environment": "the environment",
    "started_at": "startedAt",
    "finished_at": "finishedAt",
}
_READ = frozenset({"metadata", "status", "spec", "operation", "argocdUrl"})


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected():
            return in_words(error, _NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return Rejected(f"{field} is required", reason="missing-field", field=field)
    return Rejected(f"{field} has the wrong type or is empty", reason="invalid-field", field=field)


def _rules(rules: Rules, *, environment: str | None, url: str | None) -> Rules:
    """Of another cluster ``in-cluster`` is another environment: the key says which. Its Argo CD has its own pages."""
    rules = replace(rules, clusters={"*": environment}) if environment is not None else rules
    return replace(rules, ui=url) if url is not None and url.startswith(("https://", "http://")) else rules


def _facts(report: Report, document: Mapping[str, Any]) -> Any:
    more = {name: value for name, value in document.items() if name not in _READ}
    return report.facts.model_copy(update={"metadata": {**more, **report.facts.metadata}})


def argocd_notifications(settings: ArgocdSettings) -> Dialect:
    """The dialect, with the rules by which Applications are read."""
    return Dialect(
        name=Source.ARGOCD_NOTIFICATIONS.value,
        paths=("/api/hooks/argocd",),
        methods=("POST",),
        key=bearer,
        parse=lambda request: parse(request, settings),
        answer=answer,
        refuse=refuse,
        page=DocPage("Argo CD Notifications: an Application as it stands", Notification, (BEARER,)),
        reads_key=True,
    )
