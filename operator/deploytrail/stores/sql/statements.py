"""The statements that write, in the words of one database.

Each takes its rows as one JSON parameter, so that its text is the same for one row and for hundreds.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    FromClause,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from deploytrail.stores.sql.tables import OUTBOX, PAYLOADS, RECORDS, TOTALS, VERSIONS


class Statements:
    """The statements in the words of one database."""

    def __init__(self, dialect: str) -> None:
        insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
        wanted = incoming([Column("id", Text), Column("kind", Text)], dialect)
        columns = (RECORDS.c.kind, RECORDS.c.id, RECORDS.c.revision, RECORDS.c.document)
        # By whole keys, one row each: of a part of one, a planner without statistics expects half the table.
        same = and_(RECORDS.c.id == wanted.c.id, RECORDS.c.kind == wanted.c.kind)
        self.records = select(*columns).join_from(wanted, RECORDS, same)
        others = RECORDS.alias()
        last = select(func.max(others.c.attempt)).where(others.c.series == wanted.c.id).scalar_subquery()
        newest = and_(RECORDS.c.series == wanted.c.id, RECORDS.c.attempt == last)
        self.newest = select(*columns, RECORDS.c.series).join_from(wanted, RECORDS, newest)
        self.versions = select(VERSIONS).join_from(wanted, VERSIONS, VERSIONS.c.id == wanted.c.id)

        records = incoming(RECORDS.c, dialect)
        self.create = inserted(insert(RECORDS), RECORDS.c, records).returning(RECORDS.c.id)
        self.change = (
            update(RECORDS)
            .values({**{name: records.c[name] for name in _CHANGING}, "revision": RECORDS.c.revision + 1})
            .where(
                RECORDS.c.id == records.c.id,
                RECORDS.c.kind == records.c.kind,
                RECORDS.c.revision == records.c.revision,
            )
            .returning(RECORDS.c.id)
        )
        payloads = incoming(PAYLOADS.c, dialect)
        self.keep = inserted(insert(PAYLOADS), PAYLOADS.c, payloads).returning(PAYLOADS.c.record_id)
        events = incoming(_ANNOUNCED, dialect)
        self.announce = inserted(insert(OUTBOX), _ANNOUNCED, events)
        totals = incoming(TOTALS.c, dialect)
        adding = insert(TOTALS).from_select(list(TOTALS.c.keys()), select(*totals.c).where(true()))
        self.total = adding.on_conflict_do_update(
            index_elements=TOTALS.primary_key.columns, set_={"value": TOTALS.c.value + adding.excluded.value}
        )
        versions = incoming([*VERSIONS.c, Column("was", Text)], dialect)
        self.claim = inserted(insert(VERSIONS), VERSIONS.c, versions).returning(VERSIONS.c.id)
        self.spell_out = (
            update(VERSIONS)
            .values(commit=versions.c.commit)
            .where(VERSIONS.c.id == versions.c.id, VERSIONS.c.commit == versions.c.was)
            .returning(VERSIONS.c.id)
        )


_IDENTITY = ("id", "kind", "revision")
_CHANGING = tuple(column.name for column in RECORDS.c if column.name not in _IDENTITY)
_ANNOUNCED = tuple(column for column in OUTBOX.c if column is not OUTBOX.c.sequence)
"""The database numbers them."""


@cache
def statements(dialect: str) -> Statements:
    """Built once per process and database."""
    return Statements(dialect)


def inserted(insert: Any, columns: Iterable[Column[Any]], told: FromClause, *, ignore: bool = True) -> Any:
    """An INSERT of what ``incoming`` told; rows that are there already are left alone unless the caller says more."""
    names = [column.name for column in columns]
    rows: Select[Any] = select(*(told.c[name] for name in names)).where(true())  # SQLite: lest ON be of a join
    statement = insert.from_select(names, rows)
    return statement.on_conflict_do_nothing() if ignore else statement


def incoming(columns: Iterable[Column[Any]], dialect: str) -> FromClause:
    """The parameter ``rows``, a JSON list of objects, as a table."""
    named = [Column(column.name, column.type) for column in columns]
    if dialect == "postgresql":
        rows = func.json_to_recordset(cast(bindparam("rows", type_=String), postgresql.JSON))
        return rows.table_valued(*named, name="incoming").render_derived(with_types=True)
    listed = func.json_each(bindparam("rows", type_=String)).table_valued("value", name="listed")
    picked = [
        type_coerce(func.json_extract(listed.c.value, literal_column(f"'$.{column.name}'")), column.type).label(
            column.name
        )
        for column in named
    ]
    return select(*picked).subquery("incoming")
