"""Quanta's event push: one URL for GET and POST, a kind and a text. Only ``code_deploy`` is a deployment."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.mapping.quanta import ANNOTATIONS, DEPLOYMENT, REPEATABLE, version_of
from deploytrail.mapping.repositories import strip_credentials
from deploytrail.record.identity import attempt_id, quanta_series
from deploytrail.record.model import (
    Annotation,
    AnnotationFacts,
    AnnotationReport,
    Deployment,
    Facts,
    Report,
    Source,
    Status,
    Telling,
    Trigger,
)
from deploytrail.sources.http.dialect import (
    Answer,
    Dialect,
    DocPage,
    Head,
    Request,
    code_of,
    fingerprint,
    header,
    in_words,
    key_in_query,
)
from deploytrail.sources.http.fields import Given
from deploytrail.sources.quanta_settings import QuantaSettings

ENVIRONMENT = "production"
"""Of a key that names none: what Quanta watches are production sites."""

_IN_QUERY = "auth_token"
_MOST_PARAMETERS = 100
_TOKEN = key_in_query(_IN_QUERY)


class Event(BaseModel):
    """The body, or the query of a GET."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    type: str
    content: Given


_EVENT = TypeAdapter(Event)


def key(head: Head) -> str | None:
    """``Authorization: Token ...``, or the bare token there; without that header, ``?auth_token=``."""
    presented = head.headers.get("authorization")
    if presented is None:
        return _TOKEN(head)
    scheme, _, token = presented.strip().partition(" ")
    if not token:
        return scheme or None
    return token.strip() if scheme.lower() == "token" else None


def parse(request: Request, *, pattern: re.Pattern[str], window: timedelta) -> Report | AnnotationReport:
    """The report a request makes. Rejected in Quanta's words."""
    text, document = _body(request)
    try:
        event = _EVENT.validate_python(document)
    except ValidationError as error:
        raise _rejection(error) from None
    if event.type != DEPLOYMENT and event.type not in ANNOTATIONS:
        raise Rejected(
            f"type must be one of {', '.join((DEPLOYMENT, *ANNOTATIONS))}", reason="invalid-field", field="type"
        )
    series = quanta_series(
        key=request.key.name,
        kind=event.type,
        content=event.content,
        window=timedelta(0) if event.type in REPEATABLE else window,
    )
    telling = Telling(
        source=Source.QUANTA,
        status=Status.COMPLETED,
        at=request.received_at,
        received_at=request.received_at,
        reporter=request.key.name,
        raw_status=event.type,
        body=text,
        fingerprint=fingerprint(document),
    )
    product, environment = request.key.product or request.key.name, request.key.environment or ENVIRONMENT
    more = dict(event.model_extra or {})
    if event.type == DEPLOYMENT:
        facts = Facts(
            product=product,
            environment=environment,
            version=version_of(event.content, pattern),
            trigger=Trigger.API,
            metadata={**more, "content": event.content},
        )
        end = request.received_at
        return Report(id=attempt_id(series, 1), series=series, telling=telling, facts=facts, finished_at=end)
    note = AnnotationFacts(
        product=product,
        environment=environment,
        type=ANNOTATIONS[event.type],
        content=event.content,
        metadata=more,
    )
    return AnnotationReport(id=attempt_id(series, 1), series=series, telling=telling, facts=note)


def answer(record: Deployment | Annotation) -> Answer:
    """``success``, and where to find what was recorded."""
    return Answer(200, {"success": True, "id": record.id}, _NO_STORE)


def refuse(error: DeploytrailError) -> Answer:
    """``error``, and never ``success`` beside it."""
    return Answer(code_of(error), {"error": _explain(error)}, _NO_STORE)


_NO_STORE = ((b"cache-control", b"no-store"),)
"""A GET that creates an event must reach us every time."""

_QUANTA_NAMES: Mapping[str, str] = {"version": "the version in content", "metadata": "content"}


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason="authentication"):
            return "Invalid API token"
        case Rejected():
            return in_words(error, _QUANTA_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _body(request: Request) -> tuple[str, Mapping[str, Any]]:
    """The text as it is kept, without the token, and its fields: of a GET, those in the query."""
    if request.head.method != "GET":
        return request.text, request.document
    given = [(name, strip_credentials(value)) for name, value in _query(request.head) if name != _IN_QUERY]
    document = dict(reversed(given))
    if any("\0" in name or "\0" in value for name, value in given):
        raise Rejected("the query holds a NUL character", reason="encoding")
    return urlencode(given), document


def _query(head: Head) -> list[tuple[str, str]]:
    """The parameters, in their order. Rejected when they are no text."""
    try:
        text = head.query.encode("latin-1").decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Rejected("the query is not valid UTF-8, or too long", reason="encoding") from error


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0])
    match first["type"]:
        case "missing":
            return Rejected(f"{field} is required", reason="missing-field", field=field)
        case "blank":
            return Rejected(f"{field} must not be empty", reason="invalid-field", field=field)
        case _:
            return Rejected(f"{field} must be a string", reason="invalid-field", field=field)


_KEYS = (header("Authorization"), {"type": "apiKey", "in": "query", "name": _IN_QUERY})


def quanta(settings: QuantaSettings) -> Dialect:
    """The dialect, with how its texts are read."""
    pattern = re.compile(settings.version)
    return Dialect(
        name=Source.QUANTA.value,
        paths=("/api/events/push",),
        methods=("GET", "POST"),
        key=key,
        parse=lambda request: parse(request, pattern=pattern, window=settings.window),
        answer=answer,
        refuse=refuse,
        page=DocPage("Quanta: an event", Event, _KEYS),
        reads_key=True,
    )
