"""What is remembered of one Application between two events. Immutable, and small: ten thousand are held in memory."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from deploytrail.record.model import Status, Trigger
from deploytrail.record.rollout.snapshot import (
    NOTHING,
    UNTUNED,
    Application,
    Hydration,
    Request,
    Subject,
    SyncResult,
    Tuning,
)

SECOND = timedelta(seconds=1)

UNUSED = -1
"""The id before the first one that history gives."""


@dataclass(frozen=True, slots=True)
class Policy:
    """When a verdict is believed."""

    hold: timedelta = timedelta(seconds=5)
    """How long a health must hold that changed since the operation started: right after a sync it may be stale."""
    settle: timedelta = timedelta(seconds=30)
    """The same for a health that never changed, as with ConfigMaps: no change says that it was looked at again."""
    deadline: timedelta = timedelta(hours=1)
    """How long after its end an operation waits for Healthy or Degraded before it is recorded as unknown."""
    track_partial: bool = True
    """Whether partial syncs and self-heals are recorded at all; they never count."""

    def tuned(self, tuning: Tuning) -> "Policy":
        """The policy for an Application with annotations of its own."""
        return Policy(
            hold=self.hold,
            settle=self.settle if tuning.settle is None else tuning.settle,
            deadline=self.deadline if tuning.deadline is None else tuning.deadline,
            track_partial=self.track_partial if tuning.track_partial is None else tuning.track_partial,
        )


class Key(NamedTuple):
    """One operation of one Application. A self-heal may share the second of the sync before it."""

    started_at: datetime
    heals: int = 0


class Known(NamedTuple):
    """An operation that was seen, and the heals its operationState displays: left-overs can differ from the truth."""

    key: Key
    shown: int
    enters: bool = True
    """Whether the history entry of that second is its own: dry runs and self-heals of some resources have none."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that no operation has taken up yet."""

    request: Request
    over_finished: bool
    """It was written over a finished operationState, so not by Argo CD itself: a direct write."""


@dataclass(frozen=True, slots=True)
class Health:
    """The present health and since when it is known to be so."""

    status: str
    since: datetime | None
    """The moment it was seen to change; what Argo CD says, where that was not seen; None when nobody knows."""
    changed_at: datetime | None
    """``lastTransitionTime``, as told."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on an operation: it stands for good."""

    status: Status
    at: datetime
    settled_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation from its start to its verdict."""

    key: Key
    shown: int
    subject: Subject
    enters: bool = True
    """As in Known."""
    trigger: Trigger | None = None
    deployed_by: str | None = None
    partial: bool = False
    renews: bool = False
    """A self-heal that brings a revision which was not deployed before: it counts like a full one."""
    over_finished: bool = False
    phase: str = "Running"
    terminated: bool = False
    """Somebody asked Argo CD to stop it."""
    retries: int = 0
    message: str = ""
    retry_limit: int = 0
    requested: tuple[str, ...] = ()
    hydrations: tuple[Hydration, ...] = ()
    """Seen while it ran: one of them may tell what its revision was rendered from."""
    finished_at: datetime | None = None
    running_seen_at: datetime | None = None
    """When, by our clock, it was last seen before its end."""
    ended_seen_at: datetime | None = None
    """When, by our clock, it was first seen to have succeeded."""
    guarded_at: datetime | None = None
    """The first comparison seen at or after its end (``reconciledAt >= finishedAt``)."""
    loose_since: datetime | None = None
    """Since when it is Running although nothing requests it: a stale patch, nothing more may come."""
    result: SyncResult = NOTHING
    images: tuple[str, ...] = ()
    """Of the whole Application, as last seen while the verdict was awaited."""
    history_id: int | None = None
    not_applied: bool = False
    """Argo CD says Succeeded, yet the Application stays OutOfSync at this very revision."""
    outcome: Outcome | None = None

    @property
    def running(self) -> bool:
        """Whether its end is awaited."""
        return self.outcome is None and self.phase != "Succeeded"

    @property
    def pending(self) -> bool:
        """Whether it succeeded and its verdict is awaited."""
        return self.outcome is None and self.phase == "Succeeded"

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, by our clock, which may be another than Argo CD's: after it was seen running, at the latest
        when its end was seen. Argo CD writes whole seconds."""
        ended_at = self.finished_at
        if ended_at is not None and self.running_seen_at is not None:
            ended_at = max(ended_at, self.running_seen_at - SECOND)
        if ended_at is not None and self.ended_seen_at is not None:
            ended_at = min(ended_at, self.ended_seen_at)
        return ended_at

    @property
    def full(self) -> bool:
        """Whether it deployed the whole Application, or counts like one that did."""
        return self.renews or not (self.partial or self.key.heals)

    @property
    def shows_deployed(self) -> bool:
        """Whether its revision is what is deployed once it succeeded. What a self-heal restores is deployed already."""
        return self.full or self.key.heals > 0


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is remembered of one Application."""

    uid: str
    application: Application | None = None
    """None until it was seen or resumed."""
    tuning: Tuning = UNTUNED
    operations: tuple[Operation, ...] = ()
    """Those without a verdict, oldest first: rarely more than one."""
    known: tuple[Known, ...] = ()
    """The newest operations seen, so that none is taken for a new one."""
    waiting: Waiting | None = None
    horizon: datetime | None = None
    """History up to the operation started then is settled; None until the Application was first seen."""
    history_id: int | None = None
    """The newest id seen in history, UNUSED before the first one; None when nobody knows how far the ids had come."""
    deployed: tuple[str, ...] = ()
    """The revisions of the newest full operation that succeeded."""
    deployed_at: datetime | None = None
    """When that operation started."""
    health: Health | None = None
    """None until the Application was seen by this process."""
    seen_at: datetime | None = None
    """When it was last seen by this process; for a resumed one never seen, None."""
    missing_since: datetime | None = None
    """Since when a resumed Application has not been seen."""
    generation: int = 0
    """``metadata.generation`` and ``reconciledAt``: together they tell an older state of the object."""
    reconciled_at: datetime | None = None
    gone: bool = False
    """It was deleted: the caller can forget it."""
