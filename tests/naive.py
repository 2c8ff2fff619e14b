"""A store as one would first write it: lists of what was told, searched from the start. What real stores agree with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from deploytrail.record.model import AnyReport, Binding, Record, Repeat, Status, Telling
from deploytrail.stores.base import Conflicting, Duplicate, Outcome, Recorded, VersionTaken

WINDOW = timedelta(minutes=10)


@dataclass
class NaiveRecord:
    """Everything that was told of one thing, in the order of the telling."""

    reports: list[AnyReport[Any]] = field(default_factory=list)
    conflict: str | None = None

    @property
    def over(self) -> bool:
        return any(told.telling.status.terminal for told in self.reports)

    @property
    def status(self) -> Status:
        """The furthest; of several as far, the one that happened last; of several then, the one told last."""
        order = [(told.telling.status.rank, told.telling.at, n) for n, told in enumerate(self.reports)]
        return self.reports[max(order)[2]].telling.status

    def has(self, report: AnyReport[Any]) -> bool:
        return any(told.telling.fingerprint == report.telling.fingerprint for told in self.reports)


class NaiveStore:
    """What was told, by type and by what its sender calls the same."""

    def __init__(self) -> None:
        self.records: dict[tuple[type, str], list[NaiveRecord]] = {}
        self.versions: dict[tuple[str, str], str] = {}

    def tell(self, report: AnyReport[Any]) -> str:
        """What becomes of the report, in a word."""
        key = (report.makes, report.series.key if report.series else report.id)
        records = self.records.get(key, [])
        record = records[-1] if records else None
        if record is not None and report.series is not None and record.over:
            if any(_is_repeated(each, report) for each in records):
                return "repeated"
            record = record if _belongs(record, report) else None
        if record is not None:
            if record.has(report):
                return "repeated"
            if record.over and report.repeat is Repeat.CONFLICT:
                return "contradicted"
            if record.over and report.repeat is Repeat.KEEP:
                return "repeated"
        rival = self._rival(report)
        if rival is not None and report.binding is Binding.STRICT:
            return "taken"
        self._bind(report, rival)
        if record is None:
            record = NaiveRecord()
            self.records[key] = [*records, record]
        record.reports.append(report)
        record.conflict = rival or record.conflict
        return "created" if len(record.reports) == 1 else "moved"

    def held(self, kind: type[Record]) -> list[str]:
        """Everything there is of one type, as ``held`` spells a record."""
        there = (record for (made, _), records in self.records.items() if made is kind for record in records)
        return sorted(_spell([told.telling for told in each.reports], each.status, each.conflict) for each in there)

    def _rival(self, report: AnyReport[Any]) -> str | None:
        bound = self.versions.get(_version(report), "")
        commit = _commit(report)
        if not bound or not commit or bound.startswith(commit) or commit.startswith(bound):
            return None
        return bound

    def _bind(self, report: AnyReport[Any], rival: str | None) -> None:
        commit = _commit(report)
        if commit and rival is None:
            self.versions[_version(report)] = max(self.versions.get(_version(report), ""), commit, key=len)


def word(outcome: Outcome[Any]) -> str:
    """The same words for what a real store answered."""
    match outcome:
        case Recorded(_, created):
            return "created" if created else "moved"
        case Duplicate():
            return "repeated"
        case Conflicting():
            return "contradicted"
        case VersionTaken():
            return "taken"


def held(record: Record) -> str:
    """What a record holds, to be compared: its reports in order, where it stands, and whether it is marked."""
    return _spell(record.tellings, record.status, record.version_conflict)


def _spell(tellings: Iterable[Telling], status: Status, conflict: str | None) -> str:
    told = [f"{each.fingerprint} at {each.at} heard {each.received_at}" for each in tellings]
    return f"{status} {conflict} {told}"


def _is_repeated(record: NaiveRecord, report: AnyReport[Any]) -> bool:
    same = [told.telling for told in record.reports if told.telling.fingerprint == report.telling.fingerprint]
    return any(report.telling.received_at < told.received_at + _window(report) for told in same)


def _belongs(record: NaiveRecord, report: AnyReport[Any]) -> bool:
    """Whether it is of this record, which is over, and not told for a second time."""
    assert report.series is not None
    now, window = report.telling, _window(report)
    ends = [told.telling for told in record.reports if told.telling.status.terminal]
    if record.has(report) or now.received_at >= max(end.received_at for end in ends) + window or not window:
        return False
    if not now.status.terminal:
        return any(now.at < min(end.at, end.received_at) for end in ends)
    if report.series.ends_once:
        return False
    return now.at == now.received_at or any(end.at - window <= now.at <= end.at + window for end in ends)


def _window(report: AnyReport[Any]) -> timedelta:
    """How long the same words are the same."""
    assert report.series is not None
    return WINDOW if report.series.window is None else report.series.window


def _version(report: AnyReport[Any]) -> tuple[str, str]:
    return report.facts.product, getattr(report.facts, "version", None) or ""


def _commit(report: AnyReport[Any]) -> str:
    """In these tests a commit is either none or hexadecimal."""
    if report.binding is Binding.NONE:
        return ""
    return (getattr(report.facts, "commit", None) or "").lower()
