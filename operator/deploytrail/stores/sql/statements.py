"""The statements of the records, in the words of one database, and how what is to be written goes out at once.

Each takes its rows as one JSON parameter, so that its text is the same for one row and for hundreds.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
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
    text,
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from deploytrail.stores.sql.rows import joined
from deploytrail.stores.sql.tables import OUTBOX, PAYLOADS, PLACES, RECORDS, TALLIES, TOTALS, VERSIONS


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

        self.writes = _writes(insert, dialect)


def _writes(insert: Any, dialect: str) -> Mapping[str, Any]:
    """By name, which is its parameter's, too. In this order, so that two replicas wait for each other in one way only.

    Tallies come last, because all products share some of them, and others wait for these rows until the commit.
    """
    records = incoming(RECORDS.c, dialect, "create")
    changes = incoming(RECORDS.c, dialect, "change")
    change = (
        update(RECORDS)
        .values({**{name: changes.c[name] for name in _CHANGING}, "revision": RECORDS.c.revision + 1})
        .where(
            RECORDS.c.id == changes.c.id,
            RECORDS.c.kind == changes.c.kind,
            RECORDS.c.revision == changes.c.revision,
        )
    )
    spelt = incoming([*VERSIONS.c, Column("was", Text)], dialect, "spell_out")
    spell_out = (
        update(VERSIONS)
        .values(commit=spelt.c.commit)
        .where(VERSIONS.c.id == spelt.c.id, VERSIONS.c.commit == spelt.c.was)
    )
    totals = inserted(insert(TOTALS), TOTALS.c, incoming(TOTALS.c, dialect, "total"), ignore=False)
    places = inserted(insert(PLACES), PLACES.c, incoming(PLACES.c, dialect, "stand"), ignore=False)
    tallies = inserted(insert(TALLIES), TALLIES.c, incoming(TALLIES.c, dialect, "tally"), ignore=False)
    return {
        "create": inserted(insert(RECORDS), RECORDS.c, records),
        "change": change,
        "keep": inserted(insert(PAYLOADS), PAYLOADS.c, incoming(PAYLOADS.c, dialect, "keep")),
        "announce": inserted(insert(OUTBOX), _ANNOUNCED, incoming(_ANNOUNCED, dialect, "announce")),
        "claim": inserted(insert(VERSIONS), VERSIONS.c, incoming(VERSIONS.c, dialect, "claim")),
        "spell_out": spell_out,
        "total": totals.on_conflict_do_update(
            index_elements=TOTALS.primary_key.columns, set_={"value": TOTALS.c.value + totals.excluded.value}
        ),
        "stand": places.on_conflict_do_update(
            index_elements=PLACES.primary_key.columns, set_={"standing": places.excluded.standing}
        ),
        "tally": tallies.on_conflict_do_update(
            index_elements=TALLIES.primary_key.columns, set_={"counts": text(_ADDED[dialect])}
        ),
    }


_ADDED = {
    "postgresql": """(
        SELECT coalesce(jsonb_object_agg(key, value), '{}')::text FROM (
            SELECT key, sum(value::bigint) AS value FROM (
                SELECT key, value FROM json_each_text(tallies.counts::json)
                UNION ALL SELECT key, value FROM json_each_text(excluded.counts::json)
            ) AS every GROUP BY key HAVING sum(value::bigint) <> 0
        ) AS summed
    )""",
    "sqlite": """(
        SELECT json_group_object(key, value) FROM (
            SELECT key, sum(value) AS value FROM (
                SELECT key, value FROM json_each(tallies.counts)
                UNION ALL SELECT key, value FROM json_each(excluded.counts)
            ) GROUP BY key HAVING sum(value) <> 0
        )
    )""",
}
"""Counts that are there and those that come, by name; what becomes 0 is gone, as in record.dora.counting.add."""


def write(connection: Connection, rows: Mapping[str, Sequence[bytes]]) -> Mapping[str, int]:
    """Write the rows by the statements of these names, and tell how many each has written.

    With PostgreSQL it is one statement, so that it costs one round trip however much there is to write.
    """
    dialect = connection.dialect.name
    filled = {name: joined(rows[name]) for name in statements(dialect).writes if rows.get(name)}
    if not filled:
        return {}
    if dialect == "postgresql":
        written: Mapping[str, int] = connection.execute(_at_once(dialect, tuple(filled)), filled).mappings().one()  # type: ignore[assignment]
        return written
    writes = statements(dialect).writes
    return {name: connection.execute(writes[name], {name: each}).rowcount for name, each in filled.items()}


@cache
def _at_once(dialect: str, names: tuple[str, ...]) -> Select[Any]:
    """One WITH of them all. It is evaluated in the order of its columns."""
    one: Any = literal_column("1").label("one")
    parts = {name: statements(dialect).writes[name].returning(one).cte(f"{name}_rows") for name in names}
    return select(
        *(select(func.count()).select_from(part).scalar_subquery().label(name) for name, part in parts.items())
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


def incoming(columns: Iterable[Column[Any]], dialect: str, parameter: str = "rows") -> FromClause:
    """The parameter, a JSON list of objects, as a table."""
    named = [Column(column.name, column.type) for column in columns]
    if dialect == "postgresql":
        rows = func.json_to_recordset(cast(bindparam(parameter, type_=String), postgresql.JSON))
        return rows.table_valued(*named, name="incoming").render_derived(with_types=True)
    listed = func.json_each(bindparam(parameter, type_=String)).table_valued("value", name="listed")
    picked = [
        type_coerce(func.json_extract(listed.c.value, literal_column(f"'$.{column.name}'")), column.type).label(
            column.name
        )
        for column in named
    ]
    return select(*picked).subquery("incoming")
