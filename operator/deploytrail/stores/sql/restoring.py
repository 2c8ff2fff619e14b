"""Records and versions of another store, taken in as they are, or merged with what is there. Nothing is announced."""

from collections.abc import Sequence

from sqlalchemy import Connection

from deploytrail.errors import Rejected
from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.merging import merged
from deploytrail.record.model import Record
from deploytrail.record.version import Version, bind
from deploytrail.stores.base import Held, Restored
from deploytrail.stores.sql.ingest import read_records, read_versions, write
from deploytrail.stores.sql.judging import Desk
from deploytrail.stores.sql.rows import KINDS, to_payload, to_row, to_version_row


def restore(connection: Connection, records: Sequence[Record]) -> tuple[Restored | Rejected, ...]:
    """See Store.restore; durable once the caller has committed. Raises Outrun, see ingest."""
    desk = Desk()
    read_records(connection, desk, {(record.id, KINDS[type(record)]) for record in records})
    answers = tuple(_judged(record, desk) for record in records)
    write(connection, desk)
    return answers


def bind_all(connection: Connection, versions: Sequence[Held]) -> tuple[Version | Rejected, ...]:
    """See Store.bind; durable once the caller has committed. Raises Outrun, see ingest."""
    desk = Desk()
    read_versions(connection, desk, {held.version.id for held in versions})
    answers = tuple(_bound(held.version, desk) for held in versions)
    write(connection, desk)
    return answers


def _judged(record: Record, desk: Desk) -> Restored | Rejected:
    try:
        return _restore(record, desk)
    except Rejected as refusal:
        return refusal


def _restore(record: Record, desk: Desk) -> Restored:
    kept = desk.record(record.id, type(record))
    after = merged(kept, record) if kept is not None else record
    if after is kept:
        return Restored.UNCHANGED
    if len(after.tellings) > MOST_REPORTS:
        raise Rejected(f"{record.id} would have more than {MOST_REPORTS} reports", reason="too-large")
    row = to_row(after, revision=desk.revision(after))
    # The reports that are there keep their places, and so their bodies.
    new = range(len(kept.tellings) if kept is not None else 0, len(after.tellings))
    payloads = [found for position in new if (found := to_payload(after, position)) is not None]
    desk.put(after, row, None, None)
    desk.payloads += payloads
    return Restored.ADDED if kept is None else Restored.MERGED


def _bound(claim: Version, desk: Desk) -> Version | Rejected:
    try:
        return _bind(claim, desk)
    except Rejected as refusal:
        return refusal


def _bind(claim: Version, desk: Desk) -> Version:
    bound = desk.bound(claim.id)
    after = bind(bound, claim)
    if bound is not None and (after is None or after is bound):
        return bound
    after = after or claim
    desk.bind(after, to_version_row(after, was=bound.commit if bound is not None else None))
    return after
