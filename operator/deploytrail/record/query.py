"""Questions over records: what may be asked, in one value that every store understands."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Generic, TypeAlias

from pydantic import Field

from deploytrail.record.counted import uncounted
from deploytrail.record.model import AnnotationType, Deployment, Frozen, Instant, R, Record, Source, Status


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
    """Only those that DORA's metrics count, or do not (see record.counted)."""
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


_Check: TypeAlias = Callable[[Record], bool]
_EXACT = ("product", "version", "environment", "status", "source", "type")


def happened_at(record: Record) -> datetime:
    """When it took place: its end, else its start, else when we heard of it."""
    return record.finished_at or record.started_at or record.created_at


def sort_key(record: Record) -> tuple[datetime, str]:
    """Total and stable: a record never changes its place."""
    return record.created_at, record.id


def matches(query: Query, record: Record) -> bool:
    """Whether the record answers the question."""
    return matcher(query)(record)


def matcher(query: Query) -> Callable[[Record], bool]:
    """Tells which records answer the question; looks at no more of them than was asked."""
    exact = [(name, wanted) for name in _EXACT if (wanted := getattr(query, name)) is not None]
    others = [
        check for check in (_state(query), _counted(query), _losses(query), _application(query), _time(query)) if check
    ]

    def fits(record: Record) -> bool:
        for name, wanted in exact:  # most records of most questions are through here
            if getattr(record, name, None) != wanted:
                return False
        return all(check(record) for check in others) if others else True

    return fits


def _state(query: Query) -> _Check | None:
    wanted = query.open
    return None if wanted is None else lambda record: record.status.terminal is not wanted


def _counted(query: Query) -> _Check | None:
    wanted = query.counted
    if wanted is None:
        return None
    return lambda record: isinstance(record, Deployment) and (uncounted(record) is None) is wanted


def _losses(query: Query) -> _Check | None:
    wanted = query.missed
    return None if wanted is None else lambda record: (getattr(record, "missed_before", 0) > 0) is wanted


def _application(query: Query) -> _Check | None:
    uid = query.application_uid
    if uid is None:
        return None
    return lambda record: (found := getattr(record, "application", None)) is not None and found.uid == uid


def _time(query: Query) -> _Check | None:
    since, until = query.since, query.until
    if since is None and until is None:
        return None

    def within(record: Record) -> bool:
        when = happened_at(record)
        return (since is None or when >= since) and (until is None or when < until)

    return within


def answer(query: Query, records: Iterable[R]) -> Page[R]:
    """The page of those that match, out of records in any order."""
    following = (each for each in records if follows(query, each))
    return page(query, sorted(following, key=sort_key, reverse=not query.oldest_first))


def page(query: Query, in_order: Iterable[R]) -> Page[R]:
    """The page of those that match, out of records that are sorted and follow the page before; the rest is not read."""
    found = list(islice(filter(matcher(query), in_order), query.limit + 1))
    items = tuple(found[: query.limit])
    return Page(items=items, next=sort_key(items[-1]) if len(found) > query.limit else None)


def follows(query: Query, record: Record) -> bool:
    """Whether the record comes after the place where the page before ended."""
    if query.before is None:
        return True
    return sort_key(record) > query.before if query.oldest_first else sort_key(record) < query.before
