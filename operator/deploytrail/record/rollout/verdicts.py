"""When a health is believed, and what closes an operation.

Right after a sync the health may be stale, so it has to hold: counted from the later of its own start and the end of
the operation, and only after a comparison at or after that end was seen (``reconciledAt >= finishedAt``).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deploytrail.record.model import Status
from deploytrail.record.rollout.snapshot import Snapshot
from deploytrail.record.rollout.state import Health, Operation, Outcome, Policy, Rollout

_VERDICTS = {"Healthy": Status.COMPLETED, "Degraded": Status.FAILED}


@dataclass(frozen=True, slots=True)
class Standing:
    """The health as it stood when something closed what was pending, and until when it is known to have stood so."""

    health: Health | None
    until: datetime
    present: bool = True
    """It stands so still: a comparison seen with it speaks of it."""


def perceive(health: Health | None, snapshot: Snapshot, now: datetime) -> Health | None:
    """The present health. Its start is when it was seen to change; Argo CD's own time where that was not seen."""
    if snapshot.health is None:
        return None
    changed_at = snapshot.health_changed_at
    if health is None or (health.status == snapshot.health and health.changed_at != changed_at):
        return Health(snapshot.health, changed_at, changed_at)
    if health.status != snapshot.health:
        return Health(snapshot.health, now, changed_at)
    return health


def standing(before: Rollout, health: Health | None, now: datetime) -> Standing:
    """A health that changed with this very snapshot tells nothing of the time before."""
    if before.health is not None and before.seen_at is not None and before.health is not health:
        return Standing(before.health, before.seen_at, present=False)
    return Standing(health, now)


def confirm(rollout: Rollout, snapshot: Snapshot) -> Rollout:
    """Note for what is pending that its guard was seen, and what the Application shows besides health."""
    return each(rollout, lambda operation: _confirm(operation, snapshot) if operation.pending else operation)


def each(rollout: Rollout, change: Callable[[Operation], Operation]) -> Rollout:
    """The rollout with every operation changed."""
    operations = tuple(map(change, rollout.operations))
    same = all(new is old for new, old in zip(operations, rollout.operations, strict=True))
    return rollout if same else replace(rollout, operations=operations)


def judge(operation: Operation, rollout: Rollout, now: datetime, policy: Policy) -> Operation:
    """The operation with a verdict, if one is due."""
    if operation.outcome is not None or rollout.seen_at is None:
        return operation
    health, due = rollout.health, believed_at(operation, rollout.health, policy)
    if health is not None and due is not None and now >= due:
        return replace(operation, outcome=_believe(operation, health))
    expires = expires_at(operation, policy)
    if expires is None or now < expires:
        return operation
    if operation.running:
        reason = "its end was never seen, and nothing requests it any more"
    else:
        reason = f"no verdict within {_spell(policy.deadline)}: {_describe(operation, health)}"
    return replace(operation, outcome=Outcome(Status.UNKNOWN, expires, reason=reason))


def close(operation: Operation, seen: Standing, policy: Policy, *, now: datetime, why: str) -> Operation:
    """The operation with the verdict it gets when nothing more can be awaited."""
    health, ended_at = seen.health, operation.ended_at
    guarded = operation.guarded_at is not None and (seen.present or operation.guarded_at <= seen.until)
    if health is None or ended_at is None:
        return replace(operation, outcome=Outcome(Status.UNKNOWN, now, reason=why))
    if health.status not in _VERDICTS:
        return replace(operation, outcome=Outcome(Status.UNKNOWN, now, reason=f"{why} while {health.status}"))
    if not guarded or seen.until - _base(ended_at, health) < policy.hold:
        reason = f"{why} before {health.status} was seen to hold"
        return replace(operation, outcome=Outcome(Status.UNKNOWN, now, reason=reason))
    return replace(operation, outcome=_believe(operation, health))


def believed_at(operation: Operation, health: Health | None, policy: Policy) -> datetime | None:
    """From when on the present health is the verdict, if it stays; None while it cannot become one."""
    ended_at = operation.ended_at
    if not operation.pending or operation.guarded_at is None or ended_at is None:
        return None
    if health is None or health.status not in _VERDICTS:
        return None
    changed = health.since is not None and health.since > operation.key.started_at
    return _base(ended_at, health) + (policy.hold if changed else max(policy.hold, policy.settle))


def expires_at(operation: Operation, policy: Policy) -> datetime | None:
    """When it is given up; None for one that is still requested: a sync window or a hook may take days."""
    if operation.pending:
        ended_at = operation.finished_at or operation.ended_seen_at
        return ended_at + policy.deadline if ended_at is not None else None
    return operation.loose_since + policy.deadline if operation.loose_since is not None else None


def _base(ended_at: datetime, health: Health) -> datetime:
    return ended_at if health.since is None else max(health.since, ended_at)


def _believe(operation: Operation, health: Health) -> Outcome:
    status, at = _VERDICTS[health.status], health.changed_at
    settled_at = at if at is not None and at >= operation.key.started_at else None
    reached = max(filter(None, (settled_at, operation.finished_at)))
    if status is Status.FAILED:
        return Outcome(status, reached, settled_at, "health Degraded after the sync")
    if operation.not_applied:
        reason = "Argo CD reports success, but the application stays OutOfSync at this very revision"
        return Outcome(Status.UNKNOWN, reached, reason=reason)
    return Outcome(status, reached, settled_at)


def _confirm(operation: Operation, snapshot: Snapshot) -> Operation:
    reconciled, finished = snapshot.reconciled_at, operation.finished_at
    guarded = reconciled is not None and finished is not None and reconciled >= finished
    return replace(
        operation,
        images=snapshot.images,
        guarded_at=operation.guarded_at or (reconciled if guarded else None),
        not_applied=_not_applied(operation, snapshot) if guarded else operation.not_applied,
    )


def _not_applied(operation: Operation, snapshot: Snapshot) -> bool:
    """A direct request over an older result can be taken for done without anything being applied."""
    return (
        operation.over_finished
        and "(no more tasks)" in operation.message
        and snapshot.sync_status == "OutOfSync"
        and snapshot.sync_revisions == operation.result.revisions
    )


def _describe(operation: Operation, health: Health | None) -> str:
    if operation.finished_at is None:
        return "Argo CD never said when it ended"
    if operation.guarded_at is None:
        return "the application was not compared again after the sync"
    return f"health is {health.status}" if health is not None else "health is not known"


def _spell(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
