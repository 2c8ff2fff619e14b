"""What is asked of the rows, as statements: the same order and the same filters as record.query."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    false,
    func,
    literal_column,
    not_,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.stores.sql.lateness import PROMPT, Aside, Late, Prompt
from deploytrail.stores.sql.tables import INSTALLATION, OUTBOX, PAYLOADS, PLACES, RECORDS, TOTALS, VERSIONS

PULSE_RECORDS = 30
"""Of the newest and of the open deployments, how many are looked at for changes."""

UNSUCCESSFUL = (Status.FAILED, Status.ABORTED, Status.UNKNOWN)

_KEY = RECORDS.c.created_at, RECORDS.c.id
_EXACT = ("product", "version", "environment", "status", "source", "counted", "type", "application_uid")

_COMMON = ("source", "environment")
"""What many records have in common."""


def one(kind: str, record_id: str) -> Select[Any]:
    """The document of a record."""
    return select(RECORDS.c.document).where(RECORDS.c.id == record_id, RECORDS.c.kind == kind)


def some(kind: str, query: Query) -> Select[Any]:
    """Documents in the order that is asked for; one more than is wanted, to know whether there are more."""
    if query.since is None and query.until is None:
        return _in_order(query, select(RECORDS.c.document, *_KEY).where(*_filters(kind, query), *_written_out(query)))
    wanted = select(RECORDS.c.document, *_KEY)
    at = RECORDS.c.happened_at
    near = *_created(query), *_happened(query, type_coerce(Prompt(at), at.type)), *_written_out(query)
    prompt = _in_order(query, wanted.where(*_filters(kind, query), not_(Late()), *near))
    late = _in_order(query, wanted.where(*_filters(kind, query, aside=_COMMON), Late(), *_happened(query, at)))
    both = union_all(*(select(each.subquery()) for each in (prompt, late))).subquery()
    return _in_order(query, select(both.c.document, both.c.created_at, both.c.id))


def _in_order(query: Query, found: Select[Any]) -> Select[Any]:
    key = found.selected_columns.created_at, found.selected_columns.id
    order = key if query.oldest_first else [column.desc() for column in key]
    return found.order_by(*order).limit(query.limit + 1)


def _happened(query: Query, at: ColumnElement[datetime]) -> Iterator[ColumnElement[bool]]:
    if query.since is not None:
        yield at >= query.since
    if query.until is not None:
        yield at < query.until


def _created(query: Query) -> Iterator[ColumnElement[bool]]:
    """Within what the records that are not late can have been made: no index knows both times."""
    if query.since is not None:
        yield RECORDS.c.created_at >= query.since - PROMPT
    if query.until is not None:
        yield RECORDS.c.created_at < query.until + PROMPT


def whole(kind: str, record_id: str) -> Select[Any]:
    """The document and revision of a record beside each body that was kept, by its position."""
    kept = (PAYLOADS.c.record_id == RECORDS.c.id) & (PAYLOADS.c.kind == RECORDS.c.kind)
    return (
        select(RECORDS.c.document, RECORDS.c.revision, PAYLOADS.c.position, PAYLOADS.c.body)
        .join_from(RECORDS, PAYLOADS, kept, isouter=True)
        .where(RECORDS.c.id == record_id, RECORDS.c.kind == kind)
    )


def bodies(rows: Iterable[Any]) -> dict[int, str]:
    """The bodies in the answer to ``whole``."""
    return {row.position: row.body for row in rows if row.position is not None}


def version(version_id: str) -> Select[Any]:
    """A version."""
    return select(VERSIONS).where(VERSIONS.c.id == version_id)


def totals() -> Select[Any]:
    """All counts."""
    return select(TOTALS)


def places(environment: str | None) -> Select[Any]:
    """What runs where, by environment and product."""
    found = select(PLACES.c.standing, PLACES.c.product, PLACES.c.environment).order_by(
        PLACES.c.environment, PLACES.c.product
    )
    return found if environment is None else found.where(PLACES.c.environment == environment)


def size() -> Select[Any]:
    """How many records and versions there are."""
    count = select(func.count())
    return select(count.select_from(RECORDS).scalar_subquery() + count.select_from(VERSIONS).scalar_subquery())


@cache
def pulse() -> CompoundSelect[Any]:
    """What is another answer once anything was told: the last event, and the revisions of what is new or open."""
    deployments = select(RECORDS.c.id, RECORDS.c.revision).where(RECORDS.c.kind == "deployment")
    newest_first = (RECORDS.c.created_at.desc(), RECORDS.c.id.desc())
    notes = select(RECORDS.c.id, RECORDS.c.revision).where(RECORDS.c.kind == "annotation")
    parts = (
        deployments.order_by(*newest_first).limit(PULSE_RECORDS),
        deployments.where(RECORDS.c.is_open).order_by(*newest_first).limit(PULSE_RECORDS),
        notes.order_by(*newest_first).limit(1),
    )
    last = func.max(OUTBOX.c.sequence).label("revision")
    return union_all(select(literal_column("''").label("id"), last), *(select(each.subquery()) for each in parts))


def versions(after: str, limit: int) -> Select[Any]:
    """Versions by id."""
    return select(VERSIONS).where(VERSIONS.c.id > after).order_by(VERSIONS.c.id).limit(limit)


@cache
def began() -> Select[Any]:
    """Since when this installation records."""
    return select(INSTALLATION.c.began_at)


def _filters(kind: str, query: Query, *, aside: Collection[str] = ()) -> list[ColumnElement[bool]]:
    """``aside`` are columns whose index is not to be used."""
    found = [RECORDS.c.kind == kind]
    for name in _EXACT:
        if (wanted := getattr(query, name)) is not None:
            found.append((Aside(RECORDS.c[name]) if name in aside else RECORDS.c[name]) == wanted)
    if query.open is not None:
        found.append(RECORDS.c.is_open if query.open else not_(RECORDS.c.is_open))
    if query.missed is not None:
        lost = RECORDS.c.missed_before > 0
        found.append(lost if query.missed else not_(func.coalesce(lost, false())))
    if query.before is not None:
        key = tuple_(RECORDS.c.created_at, RECORDS.c.id)
        found.append(key > query.before if query.oldest_first else key < query.before)
    return found


def _written_out(query: Query) -> Iterator[ColumnElement[bool]]:
    """What the filters say once more, in the words of partial indexes: a planner does not see into parameters."""
    if query.status is not None and not query.status.terminal:
        yield RECORDS.c.is_open
    elif query.status in UNSUCCESSFUL:
        yield RECORDS.c.status.in_([literal_column(f"'{status}'") for status in UNSUCCESSFUL])
    if query.counted is False:
        yield not_(RECORDS.c.counted)
    if query.environment is not None:
        yield RECORDS.c.environment.is_not(None)
