"""What the reports of one batch make of the rows that were read for them. Pure, like record: the batch is the world."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from deploytrail.errors import Rejected
from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.event import news
from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.model import AnyReport, Binding, Deployment, R, Record, Status
from deploytrail.record.series import aim, earlier_of
from deploytrail.record.totals import Place, add, difference, place_of
from deploytrail.record.version import Version, bind, claim_of
from deploytrail.stores.base import Outcome, VersionTaken, decided
from deploytrail.stores.sql.rows import KINDS, from_document, to_event_row, to_payload, to_row, to_version_row

Key = tuple[str, str]
"""Kind and id of a record."""


@dataclass(slots=True)
class Desk:
    """The rows a batch is judged by, and those that its reports make of them."""

    read: dict[Key, tuple[int, str]] = field(default_factory=dict)
    """Revision and document of the records as they were read."""
    newest: dict[tuple[str, str], str] = field(default_factory=dict)
    """Id of the last record of a series, by kind and series."""
    bindings: dict[str, Version] = field(default_factory=dict)
    """Versions by id, as they were read."""
    rebound: dict[str, Version] = field(default_factory=dict)
    """Those that the batch binds, or spells out."""
    records: dict[Key, Any] = field(default_factory=dict)
    before: dict[Key, Any] = field(default_factory=dict)
    """Of the records that the batch makes or changes: as they were; None of new ones."""
    created: dict[Key, bytes] = field(default_factory=dict)
    changed: dict[Key, bytes] = field(default_factory=dict)
    payloads: list[bytes] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    """Rows of the outbox, in the order in which they came about."""
    totals: dict[Place, dict[str, int]] = field(default_factory=dict)
    """What is to be added to the totals."""
    claimed: dict[str, bytes] = field(default_factory=dict)
    spelt_out: dict[str, bytes] = field(default_factory=dict)

    def record(self, record_id: str, of: type[R]) -> R | None:
        """A record as it is after the reports before."""
        key = KINDS[of], record_id
        if key not in self.records and key in self.read:
            self.records[key] = from_document(self.read[key][1], of)
        found: R | None = self.records.get(key)
        return found

    def newest_of(self, series: str, of: type[R]) -> R | None:
        """The last record of a series."""
        known = self.newest.get((KINDS[of], series))
        return self.record(known, of) if known is not None else None

    def put(self, record: Record, row: bytes, payload: bytes | None, event: bytes | None) -> None:
        """Take in a record, its row, and the rows of what it was last told and announces."""
        key = KINDS[type(record)], record.id
        if isinstance(record, Deployment):
            add(self.totals.setdefault(place_of(record), {}), difference(self.record(record.id, Deployment), record))
        self.before.setdefault(key, self.records.get(key))
        self.records[key] = record
        (self.changed if key in self.read else self.created)[key] = row
        if payload is not None:
            self.payloads.append(payload)
        if event is not None:
            self.events.append(event)
        if record.attempt is not None:
            self.newest[key[0], record.attempt.series] = record.id

    def bound(self, version_id: str) -> Version | None:
        """What a version is bound to after the reports before."""
        return self.rebound.get(version_id) or self.bindings.get(version_id)

    def bind(self, version: Version, row: bytes) -> None:
        """Take in a version and its row."""
        self.rebound[version.id] = version
        (self.spelt_out if version.id in self.bindings else self.claimed)[version.id] = row

    def revision(self, record: Record) -> int:
        """The one that was read, 0 of what is new: a row replaces that and no other."""
        return self.read.get((KINDS[type(record)], record.id), (0, ""))[0]


def judge(report: AnyReport[R], desk: Desk, *, window: timedelta) -> Outcome[R]:
    """See Store.record. What is refused, here or by an exception, leaves the desk as it was."""
    if report.series is not None:
        newest = desk.newest_of(report.series.key, report.makes)
        earlier = earlier_of(report, newest, lambda record_id: desk.record(record_id, report.makes), window=window)
        report = aim(report, newest, earlier, window=window)
    current = desk.record(report.id, report.makes)
    decision = decide(current, report)
    if not isinstance(decision, Create | Advance):
        return decided(decision)
    claim = claim_of(report)
    bound = desk.bound(claim.id) if claim is not None else None
    after = bind(bound, claim) if claim is not None else None
    if bound is not None and after is None:
        if report.binding is Binding.STRICT:
            return VersionTaken(bound.product, bound.version, bound.commit)
        decision = decide(current, report.model_copy(update={"version_conflict": bound.commit}))
    was = current.status if current is not None else None
    _keep(decision.record, was, after if after is not bound else None, desk)
    return decided(decision)


def _keep(record: Record, was: Status | None, version: Version | None, desk: Desk) -> None:
    if len(record.tellings) > MOST_REPORTS:
        raise Rejected(f"{record.id} has {MOST_REPORTS} reports already, the most it can hold", reason="too-large")
    row = to_row(record, revision=desk.revision(record))
    payload = to_payload(record, len(record.tellings) - 1)
    event = news(record, was=was)
    if version is not None:
        before = desk.bindings.get(version.id)
        desk.bind(version, to_version_row(version, was=before.commit if before is not None else None))
    desk.put(record, row, payload, to_event_row(event) if event is not None else None)
