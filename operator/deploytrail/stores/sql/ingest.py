"""The one transaction of a batch: the rows it needs are read, judged, and written if they are still so."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Connection

from deploytrail.errors import DeploytrailError
from deploytrail.record.identity import attempt_id, version_id
from deploytrail.record.model import AnyReport, CodeFacts, Record
from deploytrail.record.series import LOOK_BACK, id_before
from deploytrail.record.version import Version
from deploytrail.stores.base import Outcome
from deploytrail.stores.sql.accounts import Changed, open_accounts
from deploytrail.stores.sql.judging import Desk, judge
from deploytrail.stores.sql.rows import KINDS, to_total_rows
from deploytrail.stores.sql.statements import statements
from deploytrail.stores.sql.statements import write as write_rows
from deploytrail.stores.sql.troubles import Outrun

Answer = Outcome[Any] | DeploytrailError
"""What became of a report, or why nothing did."""


def ingest(connection: Connection, reports: Sequence[AnyReport[Any]], *, window: timedelta) -> list[Answer]:
    """Judge the reports in their order and write what they make; durable once the caller has committed.

    Raises Outrun when somebody else wrote the same rows meanwhile: then the caller rolls back and comes again.
    """
    desk = _read(connection, reports, window)
    answers = [_judged(report, desk, window) for report in reports]
    write(connection, desk)
    return answers


def _judged(report: AnyReport[Any], desk: Desk, window: timedelta) -> Answer:
    try:
        return judge(report, desk, window=window)
    except DeploytrailError as refusal:
        return refusal


def _read(connection: Connection, reports: Sequence[AnyReport[Any]], window: timedelta) -> Desk:
    ask = statements(connection.dialect.name)
    desk = Desk()
    read_records(connection, desk, {(report.id, KINDS[report.makes]) for report in reports if report.series is None})
    series = {(report.series.key, "") for report in reports if report.series is not None}
    if series:
        for kind, record_id, revision, document, key in connection.execute(ask.newest, {"rows": _ids(series)}):
            desk.read[kind, record_id] = revision, document
            desk.newest[kind, key] = record_id
        read_records(connection, desk, {before for report in reports for before in _before(report, desk, window)})
    read_versions(connection, desk, {found for report in reports if (found := _version_of(report)) is not None})
    return desk


def _before(report: AnyReport[Any], desk: Desk, window: timedelta) -> Iterator[tuple[str, str]]:
    """What may be there of the records before the newest, by id and kind, where the report may repeat one of theirs."""
    newest = desk.newest_of(report.series.key, report.makes) if report.series is not None else None
    if newest is None or report.series is None or id_before(report, newest, window=window) is None:
        return
    last = newest.attempt.number
    for number in range(max(1, last - LOOK_BACK), last):
        yield attempt_id(report.series, number), KINDS[report.makes]


def read_records(connection: Connection, desk: Desk, wanted: set[tuple[str, str]]) -> None:
    """Lay out what there is of records, by id and kind."""
    if wanted:
        ask = statements(connection.dialect.name).records
        for kind, record_id, revision, document in connection.execute(ask, {"rows": _ids(wanted)}):
            desk.read[kind, record_id] = revision, document


def read_versions(connection: Connection, desk: Desk, wanted: set[str]) -> None:
    """Lay out what there is of versions, by id."""
    if wanted:
        ask = statements(connection.dialect.name).versions
        for row in connection.execute(ask, {"rows": _ids({(each, "") for each in wanted})}).mappings():
            desk.bindings[row["id"]] = Version(**row)


def write(connection: Connection, desk: Desk) -> None:
    """What came to lie on the desk. In one order, so that two replicas wait for each other at most in one way."""
    accounts = open_accounts(connection, [Changed(was, desk.records[key]) for key, was in desk.before.items()])
    rows = {
        "create": _sorted(desk.created),
        "change": _sorted(desk.changed),
        "keep": desk.payloads,
        "announce": desk.events,
        "claim": _sorted(desk.claimed),
        "spell_out": _sorted(desk.spelt_out),
        "total": to_total_rows(desk.totals),
        **accounts.rows(),
    }
    written = write_rows(connection, rows)
    if any(rows[name] and written[name] != len(rows[name]) for name in _WHOLE):
        raise Outrun
    accounts.close(connection)


_WHOLE = ("create", "change", "keep", "claim", "spell_out")
"""A row of these that was not written has been written by somebody else."""


def _sorted(rows: dict[Any, bytes]) -> list[bytes]:
    return [rows[key] for key in sorted(rows)]


def _ids(keys: set[tuple[str, str]]) -> str:
    return orjson.dumps([{"id": each, "kind": kind} for each, kind in keys]).decode()


def _version_of(report: AnyReport[Record]) -> str | None:
    facts = report.facts
    if not isinstance(facts, CodeFacts) or facts.version is None or facts.commit is None:
        return None
    return version_id(product=facts.product, version=facts.version)
