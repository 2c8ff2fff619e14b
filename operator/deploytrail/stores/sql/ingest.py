"""The one transaction of a batch: the rows it needs are read, judged, and written if they are still so.

Every statement takes its rows as one JSON parameter, so that its text is the same for one report and for hundreds.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import orjson
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
    true,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from deploytrail.errors import DeploytrailError
from deploytrail.record.identity import version_id
from deploytrail.record.model import AnyReport, CodeFacts, Record
from deploytrail.record.version import Version
from deploytrail.stores.base import Outcome
from deploytrail.stores.sql.judging import Desk, judge
from deploytrail.stores.sql.tables import PAYLOADS, RECORDS, VERSIONS
from deploytrail.stores.sql.troubles import Outrun

Answer = Outcome[Any] | DeploytrailError
"""What became of a report, or why nothing did."""


def ingest(connection: Connection, reports: Sequence[AnyReport[Any]], *, window: timedelta) -> list[Answer]:
    """Judge the reports in their order and write what they make; durable once the caller has committed.

    Raises Outrun when somebody else wrote the same rows meanwhile: then the caller rolls back and comes again.
    """
    desk = _read(connection, reports)
    answers = [_judged(report, desk, window) for report in reports]
    _write(connection, desk)
    return answers


def _judged(report: AnyReport[Any], desk: Desk, window: timedelta) -> Answer:
    try:
        return judge(report, desk, window=window)
    except DeploytrailError as refusal:
        return refusal


def _read(connection: Connection, reports: Sequence[AnyReport[Any]]) -> Desk:
    ask = _statements(connection.dialect.name)
    desk = Desk()
    own = {report.id for report in reports if report.series is None}
    if own:
        for kind, record_id, revision, document in connection.execute(ask.records, {"rows": _ids(own)}):
            desk.read[kind, record_id] = revision, document
    series = {report.series.key for report in reports if report.series is not None}
    if series:
        for kind, record_id, revision, document, key in connection.execute(ask.newest, {"rows": _ids(series)}):
            desk.read[kind, record_id] = revision, document
            desk.newest[kind, key] = record_id
    versions = {found for report in reports if (found := _version_of(report)) is not None}
    if versions:
        for row in connection.execute(ask.versions, {"rows": _ids(versions)}).mappings():
            desk.bindings[row["id"]] = Version(**row)
    return desk


def _write(connection: Connection, desk: Desk) -> None:
    """In an order that is the same for every replica, so that two of them wait for each other at most in one way."""
    tell = _statements(connection.dialect.name)
    _all_or_outrun(connection, tell.create, _sorted(desk.created))
    _all_or_outrun(connection, tell.change, _sorted(desk.changed))
    _all_or_outrun(connection, tell.keep, desk.payloads)
    _all_or_outrun(connection, tell.claim, _sorted(desk.claimed))
    _all_or_outrun(connection, tell.spell_out, _sorted(desk.spelt_out))


def _all_or_outrun(connection: Connection, statement: Any, rows: Sequence[bytes]) -> None:
    if rows and len(connection.execute(statement, {"rows": _joined(rows)}).all()) != len(rows):
        raise Outrun


def _sorted(rows: dict[Any, bytes]) -> list[bytes]:
    return [rows[key] for key in sorted(rows)]


def _joined(rows: Iterable[bytes]) -> str:
    return f"[{b','.join(rows).decode()}]"


def _ids(ids: set[str]) -> str:
    return orjson.dumps([{"id": each} for each in ids]).decode()


def _version_of(report: AnyReport[Record]) -> str | None:
    facts = report.facts
    if not isinstance(facts, CodeFacts) or facts.version is None or facts.commit is None:
        return None
    return version_id(product=facts.product, version=facts.version)


class _Statements:
    """The statements in the words of one database."""

    def __init__(self, dialect: str) -> None:
        insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
        wanted = _incoming([Column("id", Text)], dialect)
        columns = (RECORDS.c.kind, RECORDS.c.id, RECORDS.c.revision, RECORDS.c.document)
        self.records = select(*columns).where(RECORDS.c.id.in_(select(wanted.c.id)))
        last = (
            select(RECORDS.c.series, func.max(RECORDS.c.attempt).label("attempt"))
            .where(RECORDS.c.series.in_(select(wanted.c.id)))
            .group_by(RECORDS.c.series)
            .subquery()
        )
        self.newest = select(*columns, RECORDS.c.series).join(
            last, and_(RECORDS.c.series == last.c.series, RECORDS.c.attempt == last.c.attempt)
        )
        self.versions = select(VERSIONS).where(VERSIONS.c.id.in_(select(wanted.c.id)))

        records = _incoming(RECORDS.c, dialect)
        self.create = _inserted(insert(RECORDS), RECORDS, records).returning(RECORDS.c.id)
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
        payloads = _incoming(PAYLOADS.c, dialect)
        self.keep = _inserted(insert(PAYLOADS), PAYLOADS, payloads).returning(PAYLOADS.c.record_id)
        versions = _incoming([*VERSIONS.c, Column("was", Text)], dialect)
        self.claim = _inserted(insert(VERSIONS), VERSIONS, versions).returning(VERSIONS.c.id)
        self.spell_out = (
            update(VERSIONS)
            .values(commit=versions.c.commit)
            .where(VERSIONS.c.id == versions.c.id, VERSIONS.c.commit == versions.c.was)
            .returning(VERSIONS.c.id)
        )


_IDENTITY = ("id", "kind", "revision", "source", "series", "attempt", "created_at")
_CHANGING = tuple(column.name for column in RECORDS.c if column.name not in _IDENTITY)


@cache
def _statements(dialect: str) -> _Statements:
    return _Statements(dialect)


def _inserted(insert: Any, table: FromClause, incoming: FromClause) -> Any:
    names = [column.name for column in table.c]
    rows: Select[Any] = select(*(incoming.c[name] for name in names)).where(true())  # SQLite: lest ON be of a join
    return insert.from_select(names, rows).on_conflict_do_nothing()


def _incoming(columns: Iterable[Column[Any]], dialect: str) -> FromClause:
    """The parameter ``rows``, a JSON list of objects, as a table."""
    named = [Column(column.name, column.type) for column in columns]
    if dialect == "postgresql":
        rows = func.json_to_recordset(cast(bindparam("rows", type_=String), postgresql.JSON))
        return rows.table_valued(*named, name="incoming").render_derived(with_types=True)
    listed = func.json_each(bindparam("rows", type_=String)).table_valued("value", name="listed")
    picked = [
        type_coerce(listed.c.value.op("->>")(literal_column(f"'{column.name}'")), column.type).label(column.name)
        for column in named
    ]
    return select(*picked).subquery("incoming")
