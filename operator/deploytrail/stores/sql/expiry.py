"""What need not be kept any longer: the rule of record.retention over rows, and their removal, one step at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from deploytrail.record.model import Record, Status
from deploytrail.record.retention import Expired, Retention, Why
from deploytrail.stores.sql.rows import KINDS
from deploytrail.stores.sql.tables import INSTALLATION, RECORDS

_TYPES: Mapping[str, type[Record]] = {kind: record for record, kind in KINDS.items()}


def find(connection: Connection, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
    """See Store.expired."""
    rows = connection.execute(_expired(rule, now, connection.dialect.name).limit(most)).all()
    return tuple(Expired(row.id, _TYPES[row.kind], Why(row.why)) for row in rows)


def remove(connection: Connection, expired: Sequence[Expired]) -> tuple[Expired, ...]:
    """See Store.remove; durable once the caller has committed. Nothing goes while another replica removes something."""
    turn = select(INSTALLATION.c.id).with_for_update(skip_locked=True)
    if not expired or connection.scalar(turn) is None:
        return ()
    wanted = tuple_(RECORDS.c.id, RECORDS.c.kind).in_([(each.id, KINDS[each.type]) for each in expired])
    gone = delete(RECORDS).where(wanted, not_(RECORDS.c.is_open)).returning(RECORDS.c.id, RECORDS.c.kind)
    went = {(row.id, row.kind) for row in connection.execute(gone)}
    return tuple(each for each in expired if (each.id, KINDS[each.type]) in went)


def _expired(rule: Retention, now: datetime, dialect: str) -> Select[Any]:
    row = RECORDS.c
    newest_first = (row.created_at.desc(), row.id.desc())
    succeeded = and_(row.kind == "deployment", row.status == Status.COMPLETED.value, not_(_partial(dialect)))
    ranks = {
        "number": _rank(row.kind, row.product, row.environment, order=newest_first),
        "success": _rank(succeeded, row.product, row.environment, order=(row.happened_at.desc(), *newest_first)),
        "of_application": _rank(row.kind, row.application_uid, order=newest_first),
    }
    lasted_until = case((row.finished_at > row.created_at, row.finished_at), else_=row.created_at)
    columns = [column.label(name) for name, column in ranks.items()]
    ranked = select(RECORDS, succeeded.label("succeeded"), lasted_until.label("lasted_until"), *columns).subquery(
        "ranked"
    )
    found = ranked.c
    old = found.lasted_until < now - rule.age if rule.age is not None else false()
    many = found.number > rule.count if rule.count is not None else false()
    runs = and_(found.succeeded, found.success == 1)
    newest = and_(found.application_uid.is_not(None), found.of_application == 1)
    return (
        select(found.id, found.kind, case((old, Why.AGE.value), else_=Why.COUNT.value).label("why"))
        .where(not_(found.is_open), or_(old, many), not_(runs), not_(newest))
        .order_by(found.created_at, found.id)
    )


def _rank(*same: ColumnElement[Any], order: Sequence[ColumnElement[Any]]) -> ColumnElement[int]:
    return func.row_number().over(partition_by=same, order_by=order)


def _partial(dialect: str) -> ColumnElement[bool]:
    told: ColumnElement[bool]
    if dialect == "postgresql":
        told = cast(RECORDS.c.document, postgresql.JSON)["partial"].as_boolean()
    else:
        told = func.json_extract(RECORDS.c.document, "$.partial", type_=Boolean)
    return told
