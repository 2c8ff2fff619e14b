"""The order of it all: what is looked at first when an Application changed, and what when time has passed."""

from datetime import datetime

from deploytrail.record.rollout.snapshot import Snapshot
from deploytrail.record.rollout.state import Policy, Rollout
from deploytrail.record.rollout.step import Step


def observe(
    rollout: Rollout | None,
    snapshot: Snapshot,
    now: datetime,
    policy: Policy,
    *,
    watching_since: datetime | None = None,
) -> Step:
    """Take in what the Application says now."""
    raise NotImplementedError


def tick(rollout: Rollout, now: datetime, policy: Policy) -> Step:
    """Let time pass: verdicts whose health has held, deadlines that are over."""
    raise NotImplementedError


def lose(rollout: Rollout, now: datetime, policy: Policy) -> Step:
    """The Application is no longer there, and nobody saw it go."""
    raise NotImplementedError
