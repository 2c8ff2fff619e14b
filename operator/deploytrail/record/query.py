"""Questions over records: what may be asked, in one value that every store understands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic

from pydantic import Field

from deploytrail.record.model import AnnotationType, Frozen, Instant, R, Record, Source, Status


class Query(Frozen):
    """Filters are joined by and; None asks for all. Ordered by ``created_at``, then ``id``, newest first unless told.

    A record without the field, such as a build's environment, is not asked for by it.
    """

    product: str | None = None
    version: str | None = None
    environment: str | None = None
    status: Status | None = None
    source: Source | None = None
    counted: bool | None = None
    type: AnnotationType | None = None
    since: Instant | None = None
    """Only what happened at or after this time."""
    until: Instant | None = None
    """Only what happened before this time."""
    application_uid: str | None = None
    open: bool | None = None
    missed: bool | None = None
    """Only those right before which others are known to be lost; or none are."""
    oldest_first: bool = False
    limit: int = Field(default=100, ge=1, le=1000)
    before: tuple[Instant, str] | None = None
    """Where the page before this one ended: its last record's sort key."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some records, and where to go on."""

    items: tuple[R, ...] = ()
    next: tuple[datetime, str] | None = None


_EXACT = ("product", "version", "environment", "status", "source", "counted", "type")


def happened_at(record: Record) -> datetime:
    """When it took place: its end, else its start, else when we heard of it."""
    return record.finished_at or record.started_at or record.created_at


def sort_key(record: Record) -> tuple[datetime, str]:
    """Total and stable: a record never changes its place."""
    return record.created_at, record.id


def matches(query: Query, record: Record) -> bool:
    """Whether the record answers the question."""
    if any(
        wanted is not None and getattr(record, name, None) != wanted
        for name in _EXACT
        for wanted in [getattr(query, name)]
    ):
        return False
    if query.open is not None and query.open == record.status.terminal:
        return False
    if query.missed is not None and query.missed != (getattr(record, "missed_before", 0) > 0):
        return False
    if query.application_uid is not None:
        application = getattr(record, "application", None)
        if application is None or application.uid != query.application_uid:
            return False
    when = happened_at(record)
    if query.since is not None and when < query.since:
        return False
    return not (query.until is not None and when >= query.until)


def answer(query: Query, records: Iterable[R]) -> Page[R]:
    """The page of those that match, out of records in any order."""
    found = (each for each in records if matches(query, each))
    return page(query, sorted(found, key=sort_key, reverse=not query.oldest_first))


def page(query: Query, in_order: list[R]) -> Page[R]:
    """Cut the page out of all matching records, already sorted."""
    rest = [each for each in in_order if follows(query, each)]
    items = tuple(rest[: query.limit])
    return Page(items=items, next=sort_key(items[-1]) if len(rest) > query.limit else None)


def follows(query: Query, record: Record) -> bool:
    """Whether the record comes after the place where the page before ended."""
    if query.before is None:
        return True
    return sort_key(record) > query.before if query.oldest_first else sort_key(record) < query.before
