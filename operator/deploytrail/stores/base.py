"""The port: what every store promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeAlias

from deploytrail.errors import Rejected
from deploytrail.record.dora.judging import Judgement
from deploytrail.record.dora.question import Question, Sums
from deploytrail.record.event import Event
from deploytrail.record.lifecycle import Advance, Contradict, Create, Decision, Same
from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Mark, R, Record, Telling
from deploytrail.record.preference import Preference
from deploytrail.record.query import Page, Query
from deploytrail.record.retention import Expired, Retention
from deploytrail.record.running import Running, Tried
from deploytrail.record.totals import Totals
from deploytrail.record.version import Version


@dataclass(frozen=True, slots=True)
class Recorded(Generic[R]):
    """The report is part of a durable record: a new one, or one that moved on."""

    record: R
    created: bool


@dataclass(frozen=True, slots=True)
class Duplicate(Generic[R]):
    """The report added nothing; the record it repeats is durable."""

    record: R


@dataclass(frozen=True, slots=True)
class Conflicting(Generic[R]):
    """The report contradicts the record and changed nothing."""

    record: R


@dataclass(frozen=True, slots=True)
class VersionTaken:
    """The version has another commit for ever, and the report insisted on its own: nothing was written."""

    product: str
    version: str
    commit: str
    """The one it has."""


class Restored(StrEnum):
    """What became of something that another store kept."""

    ADDED = "added"
    MERGED = "merged"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Held:
    """A version as another store bound it, and the type of the record that told of it first."""

    version: Version
    by: type[Record]


Outcome: TypeAlias = Recorded[R] | Duplicate[R] | Conflicting[R] | VersionTaken


class Shelf(Protocol[R]):
    """The records of one type, to read. Any method raises Unavailable when the backend is away."""

    async def get(self, record_id: str) -> R | None:
        """One record; never older than what this replica has acknowledged. Its tellings may lack their bodies."""

    async def find(self, query: Query) -> Page[R]:
        """Records in the order of the query; never less than what this replica has acknowledged."""

    async def reports(self, record_id: str) -> tuple[Telling, ...] | None:
        """Every report a record was made from, with its body as it came; None when there is no such record."""


class Preferences(Protocol):
    """Who wants to hear of what. Any method raises Unavailable when the backend is away."""

    async def list(self) -> tuple[Preference, ...]:
        """All of them, oldest first."""

    async def put(self, preference: Preference) -> Preference:
        """Keep it, durably, and return it; or return the one that has its id already. Rejected when it is too many."""

    async def delete(self, preference_id: str) -> bool:
        """Remove one, durably; whether it was there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and its place in the outbox: entries are in the order in which one replica recorded them."""

    sequence: int
    event: Event


class Outbox(Protocol):
    """What is to be delivered of what was recorded: one entry for each event, written with the record or not at all.

    A SQL store has a table for it. In the Kubernetes store the record is its own outbox: record.event.events derives
    the same from its tellings, whose number only grows, so that a delivery has to note in the object no more than up
    to which position it has delivered (in the condition Delivered), and finds the rest by comparing after a restart.
    What is rewritten after a mapping was mended is not announced again.
    """

    async def pending(self, *, limit: int, after: int = 0) -> tuple[Entry, ...]:
        """Entries by sequence, beyond ``after``. Raises Unavailable when the backend is away.

        For one walk, not for a mark to go on from: an entry of another replica may appear before one that was read.
        """


class Store(Protocol):
    """Keeps what was reported. While the backend is away, methods raise Unavailable and leave nothing half-written."""

    @property
    def deployments(self) -> Shelf[Deployment]:
        """What was deployed."""

    @property
    def builds(self) -> Shelf[Build]:
        """What was built."""

    @property
    def annotations(self) -> Shelf[Annotation]:
        """What was noted on the timeline."""

    @property
    def preferences(self) -> Preferences:
        """Who wants to hear of what."""

    async def start(self) -> None:
        """Begin to connect. Returns at once: while the backend is away every other method raises Unavailable."""

    async def stop(self) -> None:
        """Let go of connections; everything acknowledged is already durable."""

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        """Judge the report against its record and write the result, atomically.

        Returns only after the record is durable. Idempotent: the same report, twice or at once from two replicas,
        gives one record, and exactly one caller is told ``created``. A report of a series finds its record by
        record.series. A version is bound to its first commit by record.version: of several first ones at once exactly
        one wins; strict others are refused with VersionTaken, lenient ones recorded with ``version_conflict``.
        Raises Rejected when the backend can never hold the record.
        """

    async def rewrite(self, record: Record, *, heard: tuple[Telling, ...]) -> bool:
        """Put ``record`` in the place of the one with its id, whole and durably, if that was made from ``heard``.

        False, and nothing is written, when there is no such record or its reports are others by now: then the caller
        reads them and derives the record again. Versions stay bound as they are. Raises Rejected when the backend
        cannot hold the record, or not in the place of the one that is there.
        """

    async def mark(self, deployment_id: str, said: Mark) -> Deployment | None:
        """Note durably what a person said of a deployment, by record.marks; None when there is no such deployment.

        Idempotent, and as safe as a report: of several at once, and of reports meanwhile, none is lost. Marks stay
        whatever is reported or rewritten later. Raises Rejected when the backend cannot hold it.
        """

    async def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        """What runs where now, or was tried where nothing is known to run, by environment and product.

        At a cost that does not grow with the deployments.
        """

    async def dora(self, question: Question) -> Sums:
        """The counts that answer the question, each store by the same definitions (record.dora).

        Of products or teams told apart, those that were asked for are there with the first day of the question, even
        if nothing was counted for them.
        """

    async def judgements(self, deployments: Sequence[Deployment]) -> Mapping[str, Judgement]:
        """What those of these deployments are that DORA counts, by id: a failure, rework, or neither, among the others.

        At a cost that grows with these, not with what else there is. What recovered a failure may be left out.
        """

    async def restore(self, records: Sequence[Record]) -> tuple[Restored | Rejected, ...]:
        """Take in records of another store as they are, with their ids and times, bodies and marks; durably, in order.

        What is known of a record already is merged with it by record.merging, so that it does not matter how often or
        in what order, and whether either store is written to meanwhile. Nothing of it is announced: it is history, and
        the store it comes from has announced it. Versions are bound by ``bind`` alone. A record that this store cannot
        hold is answered with the reason. Of one batch, ids are different.
        """

    async def bind(self, versions: Sequence[Held]) -> tuple[Version | Rejected, ...]:
        """Bind versions as another store did, durably; returns what each is bound to now.

        That is another commit where this store knew one already. One that it cannot hold is answered with the reason.
        """

    async def versions(self, *, after: str = "", limit: int = 500) -> tuple[Version, ...]:
        """Versions by id, those beyond ``after``."""

    async def began_by(self, when: datetime) -> None:
        """Note durably that this installation recorded as early as that, elsewhere; a later time changes nothing."""

    async def expired(self, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
        """What record.retention lets go of, oldest first, at most that many; without what somebody marked to be kept.

        What people applied is theirs to remove: it counts, and is not among them.
        """

    async def remove(self, expired: Sequence[Expired]) -> tuple[Expired, ...]:
        """Remove these records, durably, with all of their reports; returns those that went.

        What is open, or marked to be kept since, stays. Versions stay bound, and what was to be announced is.
        """

    async def get(self, deployment_id: str) -> Deployment | None:
        """``deployments.get``."""

    async def find(self, query: Query) -> Page[Deployment]:
        """``deployments.find``."""

    async def version(self, product: str, version: str) -> Version | None:
        """Which commit a version is; None when nobody has said so."""

    async def totals(self) -> Totals:
        """How many deployments were ever counted where, by record.totals.

        SQL: at a cost that grows with the places alone, and whatever was removed since stays counted. Others count
        what they hold.
        """

    async def size(self) -> int:
        """How many records and versions there are. A database counts them: of millions, that takes seconds."""

    async def pulse(self) -> str:
        """A word that is another one whenever a record came, changed or went since, whichever replica wrote it.

        Cheap enough to be asked every second. Two replicas may have different words for the same. A database need not
        see that an old record was marked or rewritten.
        """

    async def began(self, *, early_enough: datetime | None = None) -> datetime:
        """Since when this installation records: noted durably at the first start, and never later after that.

        Whoever only has to know whether it is ``early_enough`` may be told of a later time than it is, but before that.
        """

    async def check(self) -> None:
        """Raise Unavailable, saying since when, if a report could not be recorded now."""


def decided(decision: Decision[R]) -> Recorded[R] | Duplicate[R] | Conflicting[R]:
    """The outcome to answer once the decision has been written."""
    match decision:
        case Create(record):
            return Recorded(record, created=True)
        case Advance(record):
            return Recorded(record, created=False)
        case Same(record):
            return Duplicate(record)
        case Contradict(record):
            return Conflicting(record)
