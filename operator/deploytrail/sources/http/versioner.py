"""Versioner's Event Tracking API: deployments and builds, told state by state, and versions that never change."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from deploytrail.errors import DeploytrailError, Reason, Rejected, Unavailable
from deploytrail.mapping.lenient import instant, text
from deploytrail.mapping.repositories import normalise
from deploytrail.mapping.versioner import parse_status
from deploytrail.record.identity import attempt_id, versioner_id, versioner_series
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import (
    Binding,
    Build,
    BuildFacts,
    BuildReport,
    CodeFacts,
    Deployment,
    Facts,
    Links,
    Repeat,
    Report,
    Source,
    Status,
    Sync,
    Telling,
    Trigger,
)
from deploytrail.record.query import happened_at
from deploytrail.sources.http.dialect import (
    BEARER,
    Answer,
    Dialect,
    DocPage,
    Request,
    bearer,
    code_of,
    fingerprint,
    in_words,
    uuid_of,
)
from deploytrail.sources.http.fields import Given, MaybeTime, Number, Told
from deploytrail.sources.http.syncs import SYSTEM, named_sync

_LONGEST_RAW_STATUS = 512
_LONGEST_REASON = 512


class Event(BaseModel):
    """What both kinds of event may tell, beside what they must."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    scm_branch: Told = None
    scm_sha: Told = None
    scm_repository: Told = None
    build_url: Told = None
    build_number: Number = None
    source_system: Told = None
    invoke_id: Number = None
    extra_metadata: dict[str, Any] = {}
    deploy_url: Any = None
    started_at: MaybeTime = None
    completed_at: MaybeTime = None


class DeploymentEvent(Event):
    """The body of ``/deployment-events/``."""

    product_name: Given
    version: Given
    environment_name: Given
    status: str
    deployed_by: Told = None
    deployed_by_name: Any = None
    deployed_by_email: Any = None


class BuildEvent(Event):
    """The body of ``/build-events/``."""

    product_name: Given
    version: Given
    status: str
    built_by: Told = None
    built_by_name: Any = None
    built_by_email: Any = None
    error_message: Any = None


E = TypeVar("E", bound=Event)

_DEPLOYMENT, _BUILD = TypeAdapter(DeploymentEvent), TypeAdapter(BuildEvent)
_REQUIRED = ("product_name", "version", "environment_name", "status")
_FACTS = frozenset(
    {*_REQUIRED, "scm_branch", "scm_sha", "scm_repository", "build_url", "deployed_by", "built_by", "extra_metadata"}
)
"""Fields that are not kept as metadata, because they are facts."""


def parse_deployment(request: Request) -> Report:
    """The report of a deployment. Rejected in Versioner's words."""
    event = _read(_DEPLOYMENT, request)
    who = event.deployed_by or text(event.deployed_by_name) or text(event.deployed_by_email)
    facts = Facts(
        **_code(event, request),
        product=event.product_name,
        version=event.version,
        environment=event.environment_name,
        deployed_by=who,
        trigger=Trigger.API,
    )
    sync = named_sync(event.extra_metadata)
    if sync is None and (event.source_system or "").strip().lower() == SYSTEM:
        sync = Sync(application=event.product_name)
    told = _told(event, request, facts, raw=event.status, environment=facts.environment)
    return Report(**told, facts=facts, sync=sync)


def parse_build(request: Request) -> BuildReport:
    """The report of a build. Rejected in Versioner's words."""
    event = _read(_BUILD, request)
    who = event.built_by or text(event.built_by_name) or text(event.built_by_email)
    facts = BuildFacts(**_code(event, request), product=event.product_name, version=event.version, built_by=who)
    return BuildReport(**_told(event, request, facts, raw=event.status, environment=None), facts=facts)


def answer_deployment(deployment: Deployment) -> Answer:
    """The document's success body, with the ids that the official clients read beside it."""
    record = uuid_of("record", deployment.id)
    return Answer(
        200,
        {
            "id": record,
            "deployment_id": record,
            **_names(deployment),
            "environment_id": uuid_of("environment", deployment.environment),
            "environment_name": deployment.environment,
            "deployed_at": to_rfc3339(happened_at(deployment)),
            "deployed_by": deployment.deployed_by,
        },
    )


def answer_build(build: Build) -> Answer:
    """The document's success body, with what the official clients read beside it."""
    return Answer(
        200,
        {
            "id": uuid_of("record", build.id),
            **_names(build),
            "started_at": to_rfc3339(build.started_at) if build.started_at else None,
            "completed_at": to_rfc3339(build.finished_at) if build.finished_at else None,
        },
    )


def refuse(error: DeploytrailError) -> Answer:
    """``{"detail": ...}``, always a sentence; what the document calls 400 is never 422."""
    return Answer(code_of(error), {"detail": _explain(error)})


_EXPLANATIONS: Mapping[Reason, str] = {
    "authentication": "Invalid API key",
    "permission": "You do not have permission to perform this action",
}

_VERSIONER_NAMES: Mapping[str, str] = {
    "product": "product_name",
    "environment": "environment_name",
    "repository": "scm_repository",
    "commit": "scm_sha",
    "branch": "scm_branch",
    "links.build": "build_url",
    "images": "docker_image",
    "finished_at": "completed_at",
}


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason=reason) if reason in _EXPLANATIONS:
            return _EXPLANATIONS[reason]
        case Rejected():
            return in_words(error, _VERSIONER_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "Internal server error"


def _read(adapter: TypeAdapter[E], request: Request) -> E:
    try:
        return adapter.validate_python(request.document)
    except ValidationError as error:
        raise _rejection(error) from None


def _rejection(error: ValidationError) -> Rejected:
    wrong = {str(each["loc"][0]): each["type"] for each in reversed(error.errors(include_url=False))}
    missing = (field for field in _REQUIRED if wrong.get(field) == "missing")
    field = next(missing, None) or next((field for field in _REQUIRED if field in wrong), None) or next(iter(wrong))
    match field, wrong[field]:
        case _, "missing":
            return Rejected(f"Field '{field}' is required", reason="missing-field", field=field)
        case _, "blank":
            return Rejected(f"Field '{field}' must not be empty", reason="invalid-field", field=field)
        case "extra_metadata", _:
            return Rejected("Field 'extra_metadata' must be an object", reason="invalid-field", field=field)
        case _:
            return Rejected(f"Field '{field}' must be a string", reason="invalid-field", field=field)


def _told(event: Event, request: Request, facts: CodeFacts, *, raw: str, environment: str | None) -> dict[str, Any]:
    """What a report says beside its facts, the same for both kinds."""
    status = parse_status(raw)
    if status is None:
        raise Rejected(
            "Field 'status' must be a word for pending, started, completed, failed or aborted",
            reason="invalid-status",
            field="status",
        )
    at = event.completed_at or (event.started_at if status is Status.STARTED else None) or request.received_at
    started = event.started_at or (at if status is Status.STARTED else None)
    return {
        **_identity(event, product=facts.product, version=str(facts.version), environment=environment),
        "telling": Telling(
            source=Source.VERSIONER,
            status=status,
            at=at,
            received_at=request.received_at,
            reporter=request.key.name,
            raw_status=raw[:_LONGEST_RAW_STATUS],
            body=request.text,
            fingerprint=fingerprint(request.document),
        ),
        # Two clocks may be told from: that of the sender for the start, ours for the end.
        "started_at": started if started is None or started <= at or not status.terminal else None,
        "finished_at": at if status.terminal else None,
        "reason": _failure(facts.metadata) if status in (Status.FAILED, Status.ABORTED) else None,
        "repeat": Repeat.NEWEST,
        "binding": Binding.STRICT,
    }


def _identity(event: Event, *, product: str, version: str, environment: str | None) -> dict[str, Any]:
    """One run that names itself is one record; without a name, the series of its words."""
    run = event.invoke_id or event.build_number
    if run is not None:
        return {"id": versioner_id(run=run, product=product, version=version, environment=environment)}
    series = versioner_series(product=product, version=version, environment=environment)
    return {"id": attempt_id(series, 1), "series": series}


def _code(event: Event, request: Request) -> dict[str, Any]:
    link = event.build_url or text(event.deploy_url)
    image = text(event.extra_metadata.get("docker_image"))
    return {
        "repository": normalise(event.scm_repository) if event.scm_repository else None,
        "commit": event.scm_sha.strip() if event.scm_sha else None,
        "committed_at": instant(event.extra_metadata.get("committed_at")),
        "branch": event.scm_branch,
        "images": (image,) if image else (),
        "links": Links(build=link),
        "metadata": event.extra_metadata
        | {name: value for name, value in request.document.items() if name not in _FACTS},
    }


def _failure(metadata: Mapping[str, Any]) -> str | None:
    told = text(metadata.get("error_message")) or text(metadata.get("error"))
    return told[:_LONGEST_REASON] if told else None


def _names(record: Deployment | Build) -> dict[str, Any]:
    return {
        "product_id": uuid_of("product", record.product),
        "product_name": record.product,
        "version_id": uuid_of("version", record.product, record.version or ""),
        "version": record.version,
        "status": record.status.value,
        "created_at": to_rfc3339(record.created_at),
    }


DEPLOYMENTS = Dialect(
    name=Source.VERSIONER.value,
    paths=("/deployment-events/",),
    methods=("POST",),
    key=bearer,
    parse=parse_deployment,
    answer=answer_deployment,
    refuse=refuse,
    page=DocPage("Versioner: a state of a deployment", DeploymentEvent, (BEARER,)),
)
BUILDS = Dialect(
    name=Source.VERSIONER.value,
    paths=("/build-events/", "/version-events/"),
    methods=("POST",),
    key=bearer,
    parse=parse_build,
    answer=answer_build,
    refuse=refuse,
    page=DocPage("Versioner: a state of a build", BuildEvent, (BEARER,)),
)
