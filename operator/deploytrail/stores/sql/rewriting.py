"""A record put in the place of the one that its reports made before."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete

from deploytrail.record.marks import with_marks_of
from deploytrail.record.model import Deployment, Record, Telling
from deploytrail.record.totals import difference, place_of
from deploytrail.stores.sql import questions
from deploytrail.stores.sql.accounts import Changed, open_accounts
from deploytrail.stores.sql.rows import KINDS, from_document, to_payload, to_row, to_total_rows, with_bodies
from deploytrail.stores.sql.statements import write
from deploytrail.stores.sql.tables import PAYLOADS
from deploytrail.stores.sql.troubles import Outrun


def rewrite(connection: Connection, record: Record, heard: tuple[Telling, ...]) -> bool:
    """See Store.rewrite; durable once the caller has committed."""
    kind = KINDS[type(record)]
    rows = connection.execute(questions.whole(kind, record.id)).all()
    if not rows or _tellings(rows, type(record)) != heard:
        return False
    before = from_document(rows[0].document, type(record))
    record = with_marks_of(record, before)
    accounts = open_accounts(connection, [Changed(before, record)])
    row = to_row(record, revision=rows[0].revision)
    payloads = [found for n in range(len(record.tellings)) if (found := to_payload(record, n)) is not None]
    if not write(connection, {"change": [row]})["change"]:
        return False
    totals = {}
    if isinstance(record, Deployment):
        totals[place_of(record)] = difference(from_document(rows[0].document, Deployment), record)
    connection.execute(delete(PAYLOADS).where(PAYLOADS.c.record_id == record.id, PAYLOADS.c.kind == kind))
    write(connection, {"keep": payloads, "total": to_total_rows(totals), **accounts.rows()})
    accounts.close(connection)
    return True


def change(connection: Connection, deployment_id: str, turn: Callable[[Deployment], Deployment]) -> Deployment | None:
    """The deployment as ``turn`` makes it of what is there; None when there is none. Raises Outrun, see ingest."""
    rows = connection.execute(questions.whole(KINDS[Deployment], deployment_id)).all()
    if not rows:
        return None
    before = from_document(rows[0].document, Deployment)
    after = turn(before)
    if after is before:
        return before
    accounts = open_accounts(connection, [Changed(before, after)])
    if not write(connection, {"change": [to_row(after, revision=rows[0].revision)]})["change"]:
        raise Outrun
    write(connection, accounts.rows())
    accounts.close(connection)
    return after


def _tellings(rows: Any, record: type[Record]) -> tuple[Telling, ...]:
    return with_bodies(from_document(rows[0].document, record), questions.bodies(rows))
