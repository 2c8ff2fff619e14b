"""Hivel's Deployment Events API, v2: one report per deployment, sent when it is over."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from deploytrail.errors import DeploytrailError, Reason, Rejected, Unavailable
from deploytrail.mapping.hivel import parse_status, product_of, version_of
from deploytrail.mapping.repositories import normalise
from deploytrail.record.identity import hivel_id
from deploytrail.record.model import (
    Binding,
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
from deploytrail.sources.http.dialect import (
    Answer,
    Dialect,
    DocPage,
    Request,
    code_of,
    fingerprint,
    header,
    in_words,
    key_in_header,
)
from deploytrail.sources.http.fields import Given, Number, Numbers, Time, Told
from deploytrail.sources.http.syncs import named_sync

_LONGEST_ID = 512
_LONGEST_RAW_STATUS = 512
_COMMIT = re.compile(r"[0-9A-Fa-f]{4,64}")


class Event(BaseModel):
    """The body, its fields in the document's order: of several errors the first is told."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    deployment_id: Annotated[Given, Field(max_length=_LONGEST_ID)]
    event_type: Literal["completed"]
    status: str
    start_time: Time
    end_time: Time
    repo_url: Given
    environment: Given
    branch: Given
    commit_hash: Told = None
    pr_number: Number = None
    pr_numbers: Numbers = ()
    build_number: Number = None
    image: Told = None
    logs_url: Told = None


_EVENT = TypeAdapter(Event)


def parse(request: Request) -> Report:
    """The report a request makes. Rejected in Hivel's words."""
    document = {name: value for name, value in request.document.items() if name != "timestamp"}  # gone since v1
    try:
        event = _EVENT.validate_python(document)
    except ValidationError as error:
        raise _rejection(error) from None
    return Report(
        id=hivel_id(deployment_id=event.deployment_id, start_time=event.start_time),
        telling=Telling(
            source=Source.HIVEL,
            status=parse_status(event.status),
            at=event.end_time,
            received_at=request.received_at,
            reporter=request.key.name,
            raw_status=event.status[:_LONGEST_RAW_STATUS],
            body=request.text,
            fingerprint=fingerprint(document),
        ),
        facts=_facts(event),
        started_at=event.start_time,
        finished_at=event.end_time,
        reason=_reason(event),
        repeat=Repeat.CONFLICT,
        binding=Binding.LENIENT,
        # The document's mapping for Argo CD takes the Application's name or uid, and the operation's startedAt.
        sync=named_sync(event.model_extra or {})
        or Sync(application=event.deployment_id, started_at=event.start_time, sure=False),
    )


def answer(deployment: Deployment) -> Answer:
    """The document's success body; no code is documented, so 200."""
    return Answer(
        200,
        {
            "message": "Deployment event stored successfully",
            "deployment_id": deployment.metadata.get("deployment_id", deployment.id),
            "success": True,
        },
    )


def refuse(error: DeploytrailError) -> Answer:
    """``{"message": ..., "error": ...}``: the document shows it for a validation error, we use it for all."""
    code = code_of(error)
    return Answer(code, {"message": _MESSAGES[code], "error": _explain(error)})


_MESSAGES: Mapping[int, str] = {
    400: "Validation failed",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Validation failed",
    413: "Payload too large",
    415: "Unsupported media type",
    429: "Too many requests",
    431: "Request header fields too large",
    500: "Internal server error",
    503: "Service unavailable",
}

_EXPLANATIONS: Mapping[Reason, str] = {
    "authentication": "Invalid API token",
    "conflict": "deployment_id must be unique",
}

_HIVEL_NAMES: Mapping[str, str] = {
    "started_at": "start_time",
    "finished_at": "end_time",
    "product": "repo_url",
    "version": "the version (image, commit_hash or build_number)",
    "repository": "repo_url",
    "images": "image",
    "links.logs": "logs_url",
    "pull_requests": "pr_numbers",
}


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason=reason) if reason in _EXPLANATIONS:
            return _EXPLANATIONS[reason]
        case Rejected():
            return in_words(error, _HIVEL_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    match field, first["type"]:
        case _, "missing":
            return Rejected(f"{field} is required", reason="missing-field", field=field)
        case "event_type", _:
            return Rejected('event_type must be "completed"', reason="invalid-field", field=field)
        case "start_time" | "end_time", _:
            return Rejected(f"{field} {first['ctx']['error']}", reason="invalid-time", field=field)
        case _, "blank":
            return Rejected(f"{field} must not be empty", reason="invalid-field", field=field)
        case _, "string_too_long" | "too_long":
            return Rejected(f"{field} is longer than {_LONGEST_ID} characters", reason="invalid-field", field=field)
        case "pr_numbers", _:
            return Rejected("pr_numbers must be a list of numbers", reason="invalid-field", field=field)
        case "pr_number" | "build_number", _:
            return Rejected(f"{field} must be a string or a number", reason="invalid-field", field=field)
        case _:
            return Rejected(f"{field} must be a string", reason="invalid-field", field=field)


def _facts(event: Event) -> Facts:
    repository = normalise(event.repo_url)
    product = product_of(repository)
    if not product.strip():
        raise Rejected("repo_url names no repository", reason="invalid-field", field="repo_url")
    hexadecimal = event.commit_hash is not None and _COMMIT.fullmatch(event.commit_hash.strip()) is not None
    pull_requests = (number for number in (event.pr_number, *event.pr_numbers) if number is not None)
    return Facts(
        product=product,
        environment=event.environment,
        version=version_of(image=event.image, commit=event.commit_hash, build_number=event.build_number),
        repository=repository,
        commit=event.commit_hash.strip() if event.commit_hash and hexadecimal else None,
        branch=event.branch,
        images=(event.image,) if event.image else (),
        trigger=Trigger.API,
        links=Links(logs=event.logs_url),
        pull_requests=tuple(dict.fromkeys(pull_requests)),
        metadata=_metadata(event, keep_commit=not hexadecimal),
    )


def _metadata(event: Event, *, keep_commit: bool) -> dict[str, Any]:
    told: dict[str, Any] = dict(event.model_extra or {})
    told["deployment_id"] = event.deployment_id
    if event.build_number is not None:
        told["build_number"] = event.build_number
    if keep_commit and event.commit_hash is not None:
        told["commit_hash"] = event.commit_hash
    return told


def _reason(event: Event) -> str | None:
    if parse_status(event.status) is not Status.UNKNOWN:
        return None
    return f"{event.status[:_LONGEST_RAW_STATUS]!r} is no verdict"


HIVEL = Dialect(
    name=Source.HIVEL.value,
    paths=("/api/hooks/v2/deployment",),
    methods=("POST",),
    key=key_in_header("X-API-Token"),
    parse=parse,
    answer=answer,
    refuse=refuse,
    page=DocPage("Hivel: a deployment that is over", Event, (header("X-API-Token"),)),
)
