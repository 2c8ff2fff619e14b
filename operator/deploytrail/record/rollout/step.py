"""What comes out of one look at an Application: findings to be recorded, and when to look again."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from deploytrail.record.model import Status
from deploytrail.record.rollout.snapshot import Application, Tuning
from deploytrail.record.rollout.state import Operation, Rollout


@dataclass(frozen=True, slots=True)
class Finding:
    """An operation reached a state that its record must show: it started, it ended, or there is a verdict."""

    application: Application
    operation: Operation
    tuning: Tuning
    status: Status
    """STARTED (also once it has ended, as long as the verdict is awaited), COMPLETED, FAILED or UNKNOWN."""
    at: datetime
    """When the state was reached, as far as Argo CD says."""
    settled_at: datetime | None
    """When health became what the verdict says, if that was after the start."""
    counted: bool
    reason: str | None
    """Why this status, and why it does not count."""
    health: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Operations that succeeded while nobody watched, and which history no longer holds."""

    application: Application
    count: int
    after_id: int | None
    """The last history id that was seen; None when history began anew."""
    before_id: int
    """The oldest id that history still holds."""


Found: TypeAlias = Finding | Gap


@dataclass(frozen=True, slots=True)
class Step:
    """The Application as it is remembered from now on, what to record, and when to ``tick`` at the latest."""

    rollout: Rollout
    findings: tuple[Found, ...] = ()
    wake_at: datetime | None = None
    """None: nothing is awaited but events."""
