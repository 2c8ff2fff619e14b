"""Hivel's Deployment API, v1: the start and the end are told apart, with one timestamp each. v2 replaced it."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from deploytrail.errors import Rejected
from deploytrail.mapping.hivel import parse_status, product_of, version_of
from deploytrail.mapping.repositories import normalise
from deploytrail.record.identity import hivel_v1_id
from deploytrail.record.model import Binding, Deployment, Facts, Links, Repeat, Report, Source, Status, Telling, Trigger
from deploytrail.sources.http.dialect import (
    BEARER,
    Answer,
    Dialect,
    DocPage,
    Head,
    Request,
    bearer,
    fingerprint,
    header,
    uuid_of,
)
from deploytrail.sources.http.fields import Given, Number, Numbers, Time, Told
from deploytrail.sources.http.hivel import refuse

_LONGEST_RAW_STATUS = 512


class Event(BaseModel):
    """The body. An older page of the product has neither ``deployment_id`` nor ``event_type`` nor ``status``."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    repo_url: Given
    environment: Given
    timestamp: Time
    deployment_id: Number = None
    event_type: Literal["started", "completed"] = "completed"
    status: str = "success"
    commit_hash: Told = None
    branch: Told = None
    build_number: Number = None
    pr_number: Number = None
    pr_numbers: Numbers = ()
    image: Told = None
    logs_url: Told = None


_EVENT = TypeAdapter(Event)
_METADATA = frozenset({"deployment_id", "build_number"})


def key(head: Head) -> str | None:
    """``X-API-Token``, or a bearer token."""
    return head.headers.get("x-api-token") or bearer(head)


def parse(request: Request) -> Report:
    """The report a request makes. Rejected in Hivel's words."""
    try:
        event = _EVENT.validate_python(request.document)
    except ValidationError as error:
        raise _rejection(error) from None
    facts = _facts(event, request.document)
    started = event.event_type == "started"
    run = event.deployment_id or fingerprint(request.document)
    return Report(
        id=hivel_v1_id(run=run, product=facts.product, environment=facts.environment),
        telling=Telling(
            source=Source.HIVEL,
            status=Status.STARTED if started else parse_status(event.status),
            at=event.timestamp,
            received_at=request.received_at,
            reporter=request.key.name,
            raw_status=event.status[:_LONGEST_RAW_STATUS],
            body=request.text,
            fingerprint=fingerprint(request.document),
        ),
        facts=facts,
        started_at=event.timestamp if started else None,
        finished_at=None if started else event.timestamp,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def answer(deployment: Deployment) -> Answer:
    """The document's success body; its id is a number."""
    number = int(uuid_of("hivel-v1", deployment.id).replace("-", "")[:12], 16)
    return Answer(200, {"message": "Success", "deployment_id": number})


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    match field, first["type"]:
        case _, "missing":
            return Rejected(f"{field} is required", reason="missing-field", field=field)
        case "timestamp", _:
            return Rejected(f"timestamp {first['ctx']['error']}", reason="invalid-time", field=field)
        case "event_type", _:
            return Rejected('event_type must be "started" or "completed"', reason="invalid-field", field=field)
        case _, "blank":
            return Rejected(f"{field} must not be empty", reason="invalid-field", field=field)
        case _:
            return Rejected(f"{field} has the wrong type", reason="invalid-field", field=field)


def _facts(event: Event, document: Mapping[str, Any]) -> Facts:
    repository = normalise(event.repo_url)
    product = product_of(repository)
    if not product.strip():
        raise Rejected("repo_url names no repository", reason="invalid-field", field="repo_url")
    numbers = (number for number in (event.pr_number, *event.pr_numbers) if number is not None)
    unmapped = set(event.model_extra or {}) | _METADATA
    return Facts(
        product=product,
        environment=event.environment,
        version=version_of(image=event.image, commit=event.commit_hash, build_number=event.build_number),
        repository=repository,
        commit=event.commit_hash,
        branch=event.branch,
        images=(event.image,) if event.image else (),
        trigger=Trigger.API,
        links=Links(logs=event.logs_url),
        pull_requests=tuple(dict.fromkeys(numbers)),
        metadata={name: value for name, value in document.items() if name in unmapped},
    )


HIVEL_V1 = Dialect(
    name=Source.HIVEL.value,
    paths=("/hivelapi/v1/deployment",),
    methods=("POST",),
    key=key,
    parse=parse,
    answer=answer,
    refuse=refuse,
    page=DocPage("Hivel v1: a start or an end", Event, (header("X-API-Token"), BEARER)),
)
