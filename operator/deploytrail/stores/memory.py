"""Records in dicts, for as long as the process lives: what ``replay`` and pure tests write to. Never a setting."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

from deploytrail.errors import Rejected
from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.dora.judging import Judgement, Rules
from deploytrail.record.dora.ledger import Ledger
from deploytrail.record.dora.question import Question, Sums
from deploytrail.record.identity import version_id
from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.marks import marked, with_marks_of
from deploytrail.record.merging import merged
from deploytrail.record.model import Annotation, AnyReport, Binding, Build, Deployment, Mark, R, Record, Telling
from deploytrail.record.query import Page, Query, answer
from deploytrail.record.retention import Expired, Retention, expired
from deploytrail.record.running import Running, Standings, Tried
from deploytrail.record.series import REPLAY_WINDOW, aim, earlier_of
from deploytrail.record.totals import Place, Totals, tally
from deploytrail.record.version import Version, bind, claim_of
from deploytrail.stores.base import Held, Outcome, Restored, VersionTaken, decided
from deploytrail.stores.preferences import MemoryPreferences
from deploytrail.stores.pulse import Pulse


class MemoryShelf(Generic[R]):
    """See Shelf, kept in one dict."""

    def __init__(self, *changed: Callable[[R | None, R | None], None]) -> None:
        self._changed = changed
        self._records: dict[str, R] = {}
        self._newest: dict[str, str] = {}

    async def get(self, record_id: str) -> R | None:
        """See Shelf."""
        return self._records.get(record_id)

    async def find(self, query: Query) -> Page[R]:
        """See Shelf."""
        return answer(query, self._records.values())

    async def reports(self, record_id: str) -> tuple[Telling, ...] | None:
        """See Shelf."""
        record = self._records.get(record_id)
        return record.tellings if record is not None else None

    def everything(self) -> Iterable[R]:
        """All records, at once."""
        return self._records.values()

    def known(self, record_id: str) -> R | None:
        """One record, at once."""
        return self._records.get(record_id)

    def newest(self, series: str) -> R | None:
        """The last record of a series."""
        return self._records.get(self._newest.get(series, ""))

    def put(self, record: R) -> None:
        """Keep a record, or keep it anew."""
        before = self._records.get(record.id)
        self._records[record.id] = record
        for follow in self._changed:
            follow(before, record)
        if record.attempt is not None and before is None:
            newest = self.newest(record.attempt.series)
            if newest is None or newest.attempt is None or newest.attempt.number < record.attempt.number:
                self._newest[record.attempt.series] = record.id

    def remove(self, record_id: str) -> bool:
        """Forget a record that is over; whether it was there."""
        record = self._records.get(record_id)
        if record is None or not record.status.terminal:
            return False
        del self._records[record_id]
        for follow in self._changed:
            follow(record, None)
        if record.attempt is not None and self._newest.get(record.attempt.series) == record_id:
            del self._newest[record.attempt.series]
        return True

    def replace(self, record: R, heard: tuple[Telling, ...]) -> bool:
        """Keep a record in the place of one that was made from ``heard``; whether there is one."""
        current = self._records.get(record.id)
        if current is None or current.tellings != heard:
            return False
        self.put(with_marks_of(record, current))
        return True


class MemoryStore:
    """The port, kept in dicts. Nothing here waits, so every method is atomic."""

    def __init__(
        self, *, began: datetime | None = None, replay_window: timedelta = REPLAY_WINDOW, rules: Rules | None = None
    ) -> None:
        self._began = began or datetime.min.replace(tzinfo=UTC)
        self._window = replay_window
        self._versions: dict[str, Version] = {}
        self._standings, self._ledger = Standings(), Ledger(rules or Rules())
        self._pulse = Pulse()
        beat = self._pulse.beat
        self.deployments = MemoryShelf[Deployment](self._standings.put, self._ledger.put_deployment, beat)
        self.builds = MemoryShelf[Build](self._ledger.put_build, beat)
        self.annotations = MemoryShelf[Annotation](beat)
        self.preferences = MemoryPreferences()
        self._shelves: dict[type[Record], Any] = {
            Deployment: self.deployments,
            Build: self.builds,
            Annotation: self.annotations,
        }

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        """See Store."""
        shelf: MemoryShelf[R] = self._shelves[report.makes]
        if report.series is not None:
            newest = shelf.newest(report.series.key)
            earlier = earlier_of(report, newest, shelf.known, window=self._window)
            report = aim(report, newest, earlier, window=self._window)
        current = shelf.known(report.id)
        decision = decide(current, report)
        if not isinstance(decision, Create | Advance):
            return decided(decision)
        bound = self._bind(report)
        if bound is not None and report.binding is Binding.STRICT:
            return VersionTaken(bound.product, bound.version, bound.commit)
        if bound is not None:
            decision = decide(current, report.model_copy(update={"version_conflict": bound.commit}))
        shelf.put(decision.record)
        return decided(decision)

    async def rewrite(self, record: Record, *, heard: tuple[Telling, ...]) -> bool:
        """See Store."""
        shelf: MemoryShelf[Any] = self._shelves[type(record)]
        return shelf.replace(record, heard)

    async def mark(self, deployment_id: str, said: Mark) -> Deployment | None:
        """See Store."""
        deployment = self.deployments.known(deployment_id)
        if deployment is None:
            return None
        after = marked(deployment, said)
        if after is not deployment:
            self.deployments.put(after)
        return after

    async def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        """See Store."""
        return self._standings.places(environment)

    async def dora(self, question: Question) -> Sums:
        """See Store."""
        return self._ledger.answer(question)

    async def judgements(self, deployments: Sequence[Deployment]) -> Mapping[str, Judgement]:
        """See Store."""
        return self._ledger.judgements(deployments)

    async def restore(self, records: Sequence[Record]) -> tuple[Restored | Rejected, ...]:
        """See Store."""
        return tuple(self._restore(record) for record in records)

    def _restore(self, record: Record) -> Restored | Rejected:
        if len(record.tellings) > MOST_REPORTS:
            return Rejected(f"{record.id} has more than {MOST_REPORTS} reports", reason="too-large")
        shelf = self._shelves[type(record)]
        kept = shelf.known(record.id)
        after = merged(kept, record) if kept is not None else record
        if after is kept:
            return Restored.UNCHANGED
        shelf.put(after)
        return Restored.ADDED if kept is None else Restored.MERGED

    async def bind(self, versions: Sequence[Held]) -> tuple[Version | Rejected, ...]:
        """See Store."""
        for held in versions:
            bound = self._versions.get(held.version.id)
            self._versions[held.version.id] = bind(bound, held.version) or bound or held.version
        return tuple(self._versions[held.version.id] for held in versions)

    async def versions(self, *, after: str = "", limit: int = 500) -> tuple[Version, ...]:
        """See Store."""
        return tuple(self._versions[name] for name in sorted(self._versions) if name > after)[:limit]

    async def began_by(self, when: datetime) -> None:
        """See Store."""
        self._began = min(self._began, when)

    async def expired(self, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
        """See Store."""
        found = (each for shelf in self._shelves.values() for each in expired(shelf.everything(), rule, now=now))
        return tuple(found)[:most]

    async def remove(self, expired: Sequence[Expired]) -> tuple[Expired, ...]:
        """See Store."""
        return tuple(each for each in expired if self._shelves[each.type].remove(each.id))

    async def get(self, deployment_id: str) -> Deployment | None:
        """See Store."""
        return await self.deployments.get(deployment_id)

    async def find(self, query: Query) -> Page[Deployment]:
        """See Store."""
        return await self.deployments.find(query)

    async def version(self, product: str, version: str) -> Version | None:
        """See Store."""
        return self._versions.get(version_id(product=product, version=version))

    async def totals(self) -> Totals:
        """See Store."""
        totals: dict[Place, dict[str, int]] = {}
        tally(totals, self.deployments.everything())
        return totals

    async def size(self) -> int:
        """See Store."""
        return len(self._versions) + sum(len(shelf.everything()) for shelf in self._shelves.values())

    async def pulse(self) -> str:
        """See Store."""
        return self._pulse.word

    async def began(self, *, early_enough: datetime | None = None) -> datetime:
        """See Store."""
        return self._began

    async def check(self) -> None:
        """A dict is never away."""

    def _bind(self, report: AnyReport[R]) -> Version | None:
        """What the version is bound to, if that is another commit than the report's."""
        claim = claim_of(report)
        if claim is None:
            return None
        bound = self._versions.get(claim.id)
        version = bind(bound, claim)
        if version is None:
            return bound
        self._versions[claim.id] = version
        return None
