"""Records as rows and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from deploytrail.errors import Rejected, Unavailable
from deploytrail.record.counted import uncounted
from deploytrail.record.event import Event
from deploytrail.record.model import Annotation, Build, Deployment, R, Record, Telling
from deploytrail.record.query import happened_at
from deploytrail.record.totals import Totals
from deploytrail.record.version import Version
from deploytrail.stores.sql.entries import to_entry
from deploytrail.stores.sql.tables import to_text

KINDS: Mapping[type[Record], str] = {Deployment: "deployment", Build: "build", Annotation: "annotation"}

_WITHOUT_BODIES: Any = {"tellings": {"__all__": {"body"}}}


def to_row(record: Record, *, revision: int) -> bytes:
    """A row of ``records`` as JSON. Raises Rejected when no database can hold it."""
    said = vars(record).get  # what its kind has not got is None; to ask pydantic for that is slow
    application, attempt = said("application"), record.attempt
    row = {
        "id": record.id,
        "kind": KINDS[type(record)],
        "revision": revision,
        "product": record.product,
        "version": said("version"),
        "environment": said("environment"),
        "status": record.status.value,
        "is_open": not record.status.terminal,
        "source": record.source.value,
        "counted": uncounted(record) is None if isinstance(record, Deployment) else None,
        "type": said("type"),
        "application_uid": application.uid if application is not None else None,
        "series": attempt.series if attempt is not None else None,
        "attempt": attempt.number if attempt is not None else None,
        "missed_before": said("missed_before"),
        "created_at": to_text(record.created_at),
        "finished_at": to_text(record.finished_at) if record.finished_at is not None else None,
        "happened_at": to_text(happened_at(record)),
        "entry": to_entry(record) if isinstance(record, Deployment) else None,
    }
    try:
        row["document"] = record.model_dump_json(exclude=_WITHOUT_BODIES)
    except ValueError as error:  # half of a surrogate pair
        raise Rejected(f"{record.id} holds characters that UTF-8 has not got", reason="encoding") from error
    return _encode(row)


def from_document(document: str, of: type[R]) -> R:
    """The record, its tellings without their bodies."""
    try:
        return of.model_validate_json(document)
    except ValidationError as error:
        raise Unavailable("the record cannot be read: a newer Deploytrail may have written it") from error


def to_payload(record: Record, position: int) -> bytes | None:
    """A row of ``payloads``, if the report at this position came with a body."""
    body = record.tellings[position].body
    if body is None:
        return None
    return _encode({"record_id": record.id, "kind": KINDS[type(record)], "position": position, "body": body})


def with_bodies(record: Record, bodies: Mapping[int, str]) -> tuple[Telling, ...]:
    """The tellings of a record with the bodies that were kept."""
    return tuple(
        telling.model_copy(update={"body": bodies.get(position)}) for position, telling in enumerate(record.tellings)
    )


def to_version_row(version: Version, *, was: str | None) -> bytes:
    """A row of ``versions``, with the commit it ``was`` bound to before."""
    return _encode({**version.model_dump(), "first_seen_at": to_text(version.first_seen_at), "was": was})


def to_event_row(event: Event) -> bytes:
    """A row of ``outbox``, but for its number."""
    return _encode(
        {
            "record_id": event.record_id,
            "event_type": event.type,
            "position": event.position,
            "heard_at": to_text(event.heard_at),
        }
    )


def to_total_rows(totals: Totals) -> list[bytes]:
    """Rows of ``totals``, in an order that is the same for everybody."""
    return [
        _encode({"product": place.product, "environment": place.environment, "name": name, "value": value})
        for place, counts in sorted(totals.items())
        for name, value in sorted(counts.items())
        if value
    ]


def joined(rows: Iterable[bytes]) -> str:
    """The rows as the one parameter of a statement."""
    return f"[{b','.join(rows).decode()}]"


def check_text(row: Mapping[str, Any]) -> None:
    """Raise Rejected when a value holds what PostgreSQL does not keep; what SQLite does could never move there."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            raise Rejected(f"{name} holds a NUL character, which no database keeps", reason="invalid-field")


def _encode(row: Mapping[str, Any]) -> bytes:
    check_text(row)
    try:
        return orjson.dumps(row)
    except TypeError as error:  # half of a surrogate pair
        raise Rejected("the report holds characters that UTF-8 has not got", reason="encoding") from error
