"""What need not be kept any longer: the rule of record.retention over rows, and their removal, one step at a time.

The rows are read page by page in the order of an index, each page a question of its own: none takes long, however
many records there are, and whoever else asks or reports has the database in between.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    cast,
    delete,
    func,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from deploytrail.record.model import Record
from deploytrail.record.retention import Expired, Retention, Why
from deploytrail.stores.sql.rows import KINDS
from deploytrail.stores.sql.tables import INSTALLATION, PLACES, RECORDS

T = TypeVar("T")

PAGE = 1000
"""Rows that are read at a time."""

_TYPES: Mapping[str, type[Record]] = {kind: record for record, kind in KINDS.items()}


class Read(Protocol):
    """See Door.read."""

    def __call__(self, work: Callable[[Connection], T]) -> Awaitable[T]:
        """The answer of the database."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """Rows in the order of an index, which begins with the columns that ``of`` makes equal."""

    of: ColumnElement[bool] | None
    key: tuple[Column[Any], ...]
    oldest_first: bool


async def find(read: Read, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
    """See Store.expired."""
    found: list[tuple[datetime, str, str, Why]] = []
    for walk in _walks(rule, now):
        of_walk = 0
        numbers: Counter[tuple[str, str, str | None]] = Counter()
        async for row in _rows(read, walk):
            place = row.kind, row.product, row.environment
            numbers[place] += 1
            why = _why(row, rule, number=numbers[place], now=now)
            if why is None or row.held:
                continue
            found.append((row.created_at, row.id, row.kind, why))
            of_walk += 1
            if walk.oldest_first and of_walk == most:
                break
            if len(found) > 2 * most:
                found = nsmallest(most, found)
    return tuple(Expired(record_id, _TYPES[kind], why) for _, record_id, kind, why in nsmallest(most, found))


def remove(connection: Connection, expired: Sequence[Expired]) -> tuple[Expired, ...]:
    """See Store.remove; durable once the caller has committed. Nothing goes while another replica removes something."""
    turn = select(INSTALLATION.c.id).with_for_update(skip_locked=True)
    if not expired or connection.scalar(turn) is None:
        return ()
    wanted = tuple_(RECORDS.c.id, RECORDS.c.kind).in_([(each.id, KINDS[each.type]) for each in expired])
    gone = delete(RECORDS).where(wanted, not_(RECORDS.c.is_open)).returning(RECORDS.c.id, RECORDS.c.kind)
    went = {(row.id, row.kind) for row in connection.execute(gone)}
    return tuple(each for each in expired if (each.id, KINDS[each.type]) in went)


def _walks(rule: Retention, now: datetime) -> Iterator[_Walk]:
    """To count, all rows of a place have to be seen, newest first; by age alone, those that were made long ago."""
    row = RECORDS.c
    if rule.count is not None:
        yield _Walk(None, (row.product, row.created_at, row.id), oldest_first=False)
    elif rule.age is not None:
        for kind in KINDS.values():
            old = and_(row.kind == kind, row.created_at < now - rule.age)
            yield _Walk(old, (row.created_at, row.id), oldest_first=True)


async def _rows(read: Read, walk: _Walk) -> AsyncIterator[Any]:
    last: Any = None
    while True:

        def ask(connection: Connection, after: Any = last) -> Sequence[Any]:
            return connection.execute(_page(walk, after, connection.dialect.name)).all()

        rows = await read(ask)
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        last = rows[-1]


def _page(walk: _Walk, last: Any, dialect: str) -> Select[Any]:
    row = RECORDS.c
    wanted = row.id, row.kind, row.product, row.environment, row.created_at, row.finished_at
    page = select(*wanted, _held(dialect).label("held"))
    if walk.of is not None:
        page = page.where(walk.of)
    if last is not None:
        key, after = tuple_(*walk.key), tuple(getattr(last, column.name) for column in walk.key)
        page = page.where(key > after if walk.oldest_first else key < after)
    order = [column if walk.oldest_first else column.desc() for column in walk.key]
    return page.order_by(*order).limit(PAGE)


def _held(dialect: str) -> ColumnElement[bool]:
    """Open, or what runs in its place, or the newest of its Application: each found by one row of an index.

    In words that leave the planner no other way: it may know nothing of the tables yet.
    """
    row, ours = RECORDS.c, RECORDS.alias("ours").c
    runs = select(_current(dialect)).where(
        PLACES.c.product == _bytewise(row.product, dialect), PLACES.c.environment == _bytewise(row.environment, dialect)
    )
    newest = (
        select(ours.id)
        .where(ours.application_uid == row.application_uid)
        .order_by(ours.created_at.desc(), ours.id.desc())
        .limit(1)
    )
    return or_(
        row.is_open,
        and_(row.kind == "deployment", row.id == runs.scalar_subquery()),
        and_(row.application_uid.is_not(None), row.id == newest.scalar_subquery()),
    )


def _bytewise(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """As the columns of places are compared."""
    return column.collate("C") if dialect == "postgresql" else column


def _current(dialect: str) -> ColumnElement[str]:
    """The id of what runs in a place, see standings."""
    if dialect == "postgresql":
        told: ColumnElement[str] = cast(PLACES.c.standing, postgresql.JSON)["current", "deployment_id"].as_string()
        return told
    return func.json_extract(PLACES.c.standing, "$.current.deployment_id")


def _why(row: Any, rule: Retention, *, number: int, now: datetime) -> Why | None:
    lasted_until = max(row.created_at, row.finished_at or row.created_at)
    if rule.age is not None and lasted_until < now - rule.age:
        return Why.AGE
    return Why.COUNT if rule.count is not None and number > rule.count else None
