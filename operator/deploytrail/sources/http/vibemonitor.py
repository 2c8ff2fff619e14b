"""Vibe Monitor's deployment webhook: environments must be known beforehand, the rest has a default."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from deploytrail.errors import DeploytrailError, Reason, Rejected, Unavailable
from deploytrail.mapping.hivel import product_of
from deploytrail.mapping.repositories import normalise
from deploytrail.mapping.times import parse_instant
from deploytrail.mapping.vibemonitor import SOURCES, WORDS, branch_of, parse_status
from deploytrail.record.identity import attempt_id, vibemonitor_series
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Deployment, Facts, Repeat, Report, Source, Status, Sync, Telling, Trigger
from deploytrail.record.query import happened_at
from deploytrail.sources.http.dialect import (
    HTTP_CODES,
    Answer,
    Dialect,
    DocPage,
    Request,
    code_of,
    fingerprint,
    header,
    in_words,
    key_in_header,
    uuid_of,
)
from deploytrail.sources.http.fields import Given, Told
from deploytrail.sources.http.syncs import SYSTEM, named_sync

_COMMIT = re.compile(r"[0-9A-Fa-f]{40}")


def _whole_commit(value: str | None) -> str | None:
    if value is not None and not _COMMIT.fullmatch(value):
        raise PydanticCustomError("commit", "must be 40 hexadecimal characters")
    return value


def _empty_is_absent(value: object) -> object:
    """Exactly empty, as CI variables expand; blanks are no commit."""
    return None if value == "" else value


def _iso(value: object) -> datetime:
    if not isinstance(value, str) or value.strip().replace(".", "").isdigit():
        raise ValueError("must be an ISO 8601 time such as 2024-01-15T10:30:00Z")
    return parse_instant(value)


def _status(value: str) -> str:
    if parse_status(value) is None:
        raise PydanticCustomError("status", "must be a documented status")
    return value


def _source(value: str) -> str:
    if value not in SOURCES:
        raise PydanticCustomError("source", "must be a documented source")
    return value


class Event(BaseModel):
    """The body, its fields in the document's order."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    environment: Given
    repository: Given
    branch: Told = None
    commit_sha: Annotated[str | None, BeforeValidator(_empty_is_absent), AfterValidator(_whole_commit)] = None
    status: Annotated[str, AfterValidator(_status)] = "success"
    source: Annotated[str, AfterValidator(_source)] = "webhook"
    deployed_at: Annotated[datetime, BeforeValidator(_iso)] | None = None
    extra_data: dict[str, Any] = {}


_EVENT = TypeAdapter(Event)
_FACTS = frozenset({"environment", "branch", "commit_sha", "status", "deployed_at", "extra_data"})
"""Fields that are not kept as metadata, because they are facts."""


class Environments:
    """Which environments the clients of each workspace may name, case and all."""

    def __init__(self, configured: Iterable[str]) -> None:
        """``production`` is one of every workspace, ``team-a/production`` one of ``team-a`` alone.

        A name that holds a slash itself is written with one before it: ``/review/42``.
        """
        self._known = {(scope, name) for scope, name in map(_scoped, configured)}

    def has(self, name: str, *, workspace: str) -> bool:
        """Whether the workspace has it."""
        return ("", name) in self._known or (bool(workspace) and (workspace, name) in self._known)


def _scoped(configured: str) -> tuple[str, str]:
    scope, slash, name = configured.partition("/")
    return (scope, name) if slash else ("", scope)


def parse(request: Request, environments: Environments) -> Report:
    """The report a request makes. Rejected in Vibe Monitor's words."""
    try:
        event = _EVENT.validate_python(request.document)
    except ValidationError as error:
        raise _rejection(error) from None
    workspace = request.key.workspace or ""
    if not environments.has(event.environment, workspace=workspace):
        raise Rejected("Environment not found", reason="not-found", field="environment")
    status = parse_status(event.status) or Status.UNKNOWN
    at = event.deployed_at or request.received_at
    facts = _facts(event, request)
    series = vibemonitor_series(
        workspace=workspace,
        environment=facts.environment,
        repository=facts.product,
        commit=facts.commit,
        branch=facts.branch,
    )
    return Report(
        id=attempt_id(series, 1),
        series=series,
        telling=Telling(
            source=Source.VIBEMONITOR,
            status=status,
            at=at,
            received_at=request.received_at,
            reporter=request.key.name,
            raw_status=event.status,
            body=request.text,
            fingerprint=fingerprint(request.document),
        ),
        facts=facts,
        started_at=at if status is Status.STARTED else None,
        finished_at=at if status.terminal else None,
        repeat=Repeat.NEWEST,
        sync=named_sync(event.extra_data) or (Sync() if event.source == SYSTEM else None),
    )


def answer(deployment: Deployment) -> Answer:
    """The document's 201, with UUIDs for what has ids of another form here."""
    told, environment = deployment.metadata, deployment.environment
    return Answer(
        201,
        {
            "id": uuid_of("record", deployment.id),
            "environment_id": uuid_of("environment", told.get("workspace", ""), environment),
            "repo_full_name": told.get("repository", deployment.product),
            "branch": told.get("branch", deployment.branch),
            "commit_sha": deployment.commit,
            "status": WORDS.get(deployment.status, deployment.status.value),
            "source": told.get("source", "webhook"),
            "deployed_at": to_rfc3339(happened_at(deployment)),
            "created_at": to_rfc3339(deployment.created_at),
        },
    )


def refuse(error: DeploytrailError) -> Answer:
    """``{"detail": ...}``: a list for what is wrong with the body, else a sentence."""
    code = code_of(error, _CODES)
    return Answer(code, {"detail": _problems(error) if code == 422 else _explain(error)})


_CODES: Mapping[Reason, int] = {
    **HTTP_CODES,
    "encoding": 422,
    "json": 422,
    "depth": 422,
    "missing-field": 422,
    "invalid-field": 422,
    "invalid-status": 422,
    "invalid-time": 422,
}

_VIBEMONITOR_NAMES: Mapping[str, str] = {
    "product": "repository",
    "commit": "commit_sha",
    "version": "commit_sha",
    "finished_at": "deployed_at",
    "started_at": "deployed_at",
    "deployed_by": "extra_data.actor",
}


def _problems(error: DeploytrailError) -> list[dict[str, Any]]:
    assert isinstance(error, Rejected)  # noqa: S101 - the only ones that are 422
    field = _VIBEMONITOR_NAMES.get(error.field, error.field) if error.field else None
    kind = "missing" if error.reason == "missing-field" else f"value_error.{error.reason}"
    return [{"loc": ["body", *filter(None, [field])], "msg": in_words(error, _VIBEMONITOR_NAMES), "type": kind}]


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason="authentication"):
            return "Invalid API key"
        case Rejected() | Unavailable():
            return error.message
        case _:
            return "Internal server error"


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    match field, first["type"]:
        case _, "missing":
            return Rejected("Field required", reason="missing-field", field=field)
        case "status", _:
            words = ", ".join(WORDS.values())
            return Rejected(f"status must be one of {words}", reason="invalid-status", field=field)
        case "source", _:
            return Rejected(f"source must be one of {', '.join(SOURCES)}", reason="invalid-field", field=field)
        case "deployed_at", _:
            return Rejected("deployed_at must be an ISO 8601 time", reason="invalid-time", field=field)
        case "commit_sha", _:
            return Rejected("commit_sha must be 40 hexadecimal characters", reason="invalid-field", field=field)
        case "extra_data", _:
            return Rejected("extra_data must be an object", reason="invalid-field", field=field)
        case _, "blank":
            return Rejected(f"{field} must not be empty", reason="invalid-field", field=field)
        case _:
            return Rejected(f"{field} must be a string", reason="invalid-field", field=field)


def _facts(event: Event, request: Request) -> Facts:
    repository = normalise(event.repository)
    product = product_of(repository)
    if not product.strip():
        raise Rejected("repository names no repository", reason="invalid-field", field="repository")
    actor = event.extra_data.get("actor")
    branch = branch_of(event.branch) if event.branch else None
    return Facts(
        product=product,
        environment=event.environment,
        version=event.commit_sha,
        repository=repository,
        commit=event.commit_sha,
        branch=branch,
        deployed_by=actor if isinstance(actor, str) and actor.strip() else None,
        trigger=Trigger.API,
        metadata=event.extra_data
        | {name: value for name, value in request.document.items() if name not in _FACTS}
        | {"source": event.source}
        | ({"branch": event.branch} if branch != event.branch else {})
        | ({"workspace": request.key.workspace} if request.key.workspace else {}),
    )


def vibemonitor(configured: Iterable[str]) -> Dialect:
    """The dialect, with the environments there are."""
    environments = Environments(configured)
    return Dialect(
        name=Source.VIBEMONITOR.value,
        paths=("/api/v1/deployments/webhook",),
        methods=("POST",),
        key=key_in_header("X-Workspace-Key"),
        parse=lambda request: parse(request, environments),
        answer=answer,
        refuse=refuse,
        page=DocPage("Vibe Monitor: a deployment", Event, (header("X-Workspace-Key"),), accepted=201),
        reads_key=True,
    )
