"""What comes out of one look at an Application: findings to be recorded, and when to look again."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from deploytrail.record.model import Status
from deploytrail.record.rollout.snapshot import Application, Tuning
from deploytrail.record.rollout.state import Operation, Policy, Rollout
from deploytrail.record.rollout.verdicts import believed_at, expires_at

REMEMBERED = 16
"""Operations kept in mind besides the open ones: more than can still be told of an Application."""


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
    history_id: int | None = None
    """As in Rollout: how far the ids of history had come."""
    seen: bool = True
    """Whether this process saw the Application at all; otherwise it is a record that was given up."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Operations that succeeded while nobody watched, and which history no longer holds."""

    application: Application
    count: int
    after_id: int | None
    """The last history id that was seen; None when history began anew."""
    before_id: int
    """The oldest id that history still holds."""
    exact: bool = True
    """False: how far the ids had come when recording began is not known, so it is at least that many."""


Found: TypeAlias = Finding | Gap


@dataclass(frozen=True, slots=True)
class Step:
    """The Application as it is remembered from now on, what to record, and when to ``tick`` at the latest."""

    rollout: Rollout
    findings: tuple[Found, ...] = ()
    wake_at: datetime | None = None
    """None: nothing is awaited but events."""


def conclude(before: Rollout, after: Rollout, gap: Gap | None, policy: Policy) -> Step:
    """What is new between two states of a Rollout. Operations with a verdict leave it; their keys stay known."""
    application = after.application
    if application is None:
        return Step(after)
    earlier = {operation.key: operation for operation in before.operations}
    findings: list[Found] = [gap] if gap is not None else []
    for operation in after.operations:
        if _is_news(operation, earlier.get(operation.key)):
            findings.append(_find(application, operation, after))
    kept = replace(
        after,
        operations=tuple(operation for operation in after.operations if operation.outcome is None),
        known=after.known[-REMEMBERED:],
    )
    return Step(kept, tuple(findings), wake_at(kept, policy))


def wake_at(rollout: Rollout, policy: Policy) -> datetime | None:
    """When the next verdict or deadline is due, if nothing happens before; ``policy`` tuned for the Application."""
    if rollout.seen_at is None:
        since = rollout.missing_since
        return since + policy.deadline if since is not None and rollout.operations else None
    due = [
        when
        for operation in rollout.operations
        for when in (believed_at(operation, rollout.health, policy), expires_at(operation, policy))
        if when is not None
    ]
    return min(due, default=None)


def _is_news(operation: Operation, earlier: Operation | None) -> bool:
    if earlier is None or operation.outcome is not None:
        return True
    return (operation.phase, operation.finished_at) != (earlier.phase, earlier.finished_at)


def _find(application: Application, operation: Operation, rollout: Rollout) -> Finding:
    outcome = operation.outcome
    verdict = outcome is not None and outcome.status in (Status.COMPLETED, Status.FAILED)
    why_not = _why_not(operation)
    reasons = (outcome.reason if outcome else None, f"not counted: {why_not}" if why_not else None)
    succeeded = operation.phase == "Succeeded"
    return Finding(
        application=application,
        operation=operation,
        tuning=rollout.tuning,
        status=outcome.status if outcome else Status.STARTED,
        at=outcome.at if outcome else (operation.finished_at or operation.key.started_at),
        settled_at=outcome.settled_at if outcome else None,
        counted=why_not is None and (verdict or outcome is None),
        reason="; ".join(filter(None, reasons)) or None,
        health=rollout.health.status if succeeded and rollout.health is not None else None,
        history_id=rollout.history_id,
        seen=rollout.seen_at is not None,
    )


def _why_not(operation: Operation) -> str | None:
    if operation.terminated and operation.outcome is not None:
        return "it was terminated"
    if operation.full:
        return None
    return "self-heal of what is deployed already" if operation.key.heals else "only some resources were synced"
