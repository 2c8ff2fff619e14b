"""The order of it all: what is looked at first when an Application changed, and what when time has passed."""

from dataclasses import dataclass, replace
from datetime import datetime

from deploytrail.record.model import Status
from deploytrail.record.rollout.endings import advance, drift
from deploytrail.record.rollout.history import attach, deploy, lay_baseline, miss_end, recover, remember
from deploytrail.record.rollout.requests import begin, identify, is_full
from deploytrail.record.rollout.snapshot import Snapshot, State
from deploytrail.record.rollout.state import Known, Operation, Outcome, Policy, Rollout, Waiting
from deploytrail.record.rollout.step import Step, conclude, wake_at
from deploytrail.record.rollout.verdicts import Standing, close, confirm, each, judge, perceive, standing


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at an Application: what it says, when, and what that means for what is open."""

    snapshot: Snapshot
    known: Known | None
    """The operation that operationState shows."""
    standing: Standing
    policy: Policy
    now: datetime


def observe(
    rollout: Rollout | None,
    snapshot: Snapshot,
    now: datetime,
    policy: Policy,
    *,
    watching_since: datetime | None = None,
) -> Step:
    """Take in what the Application says now."""
    before = rollout or Rollout(snapshot.application.uid)
    if (before.gone and snapshot.deleted) or _is_stale(before, snapshot):
        return Step(before, wake_at=wake_at(before, policy.tuned(before.tuning)))
    # What was due before this look is judged by what was known then, however late the timer is.
    timely = _judge(before, now, policy.tuned(before.tuning))
    policy = policy.tuned(snapshot.tuning)
    after = _take_in(timely, snapshot, now)
    look = _Look(snapshot, identify(after, snapshot), standing(timely, after.health, now), policy, now)
    after = confirm(after, snapshot)
    if after.horizon is None:
        after = lay_baseline(after, snapshot, look.known, watching_since)
    found, gap = recover(after, snapshot, look.known)
    after = _yield_to_recovered(after, found, look)
    after = _drift(_follow(after, look), look)
    after = confirm(each(after, lambda operation: attach(operation, snapshot)), snapshot)
    after = _await(after, look)
    after = _bury(after, look)
    return conclude(before, _judge(after, now, policy), gap, policy)


def tick(rollout: Rollout, now: datetime, policy: Policy) -> Step:
    """Let time pass: verdicts whose health has held, deadlines that are over."""
    policy = policy.tuned(rollout.tuning)
    if rollout.seen_at is not None or not rollout.operations:
        return conclude(rollout, _judge(rollout, now, policy), None, policy)
    missing_since = rollout.missing_since or now
    after = replace(rollout, missing_since=missing_since)
    if now >= missing_since + policy.deadline:
        after = _abandon(after, now, policy, why="the application was not seen again")
    return conclude(rollout, after, None, policy)


def lose(rollout: Rollout, now: datetime, policy: Policy) -> Step:
    """The Application is no longer there, and nobody saw it go."""
    policy = policy.tuned(rollout.tuning)
    after = _abandon(_judge(rollout, now, policy), now, policy, why="the application disappeared")
    return conclude(rollout, replace(after, gone=True), None, policy)


def _is_stale(before: Rollout, snapshot: Snapshot) -> bool:
    """An older state of the object, as a lagging API server may list it."""
    if snapshot.generation >= before.generation or before.reconciled_at is None:
        return False
    return snapshot.reconciled_at is None or snapshot.reconciled_at <= before.reconciled_at


def _take_in(rollout: Rollout, snapshot: Snapshot, now: datetime) -> Rollout:
    return replace(
        rollout,
        application=snapshot.application,
        tuning=snapshot.tuning,
        health=perceive(rollout.health, snapshot, now),
        seen_at=now,
        missing_since=None,
        generation=snapshot.generation,
        reconciled_at=snapshot.reconciled_at or rollout.reconciled_at,
        gone=snapshot.deleted,
    )


def _yield_to_recovered(before: Rollout, after: Rollout, look: _Look) -> Rollout:
    """What was open before operations that were found in history had its end, and was superseded, unseen."""
    recovered = after.operations[len(before.operations) :]
    if not recovered:
        return after
    started_at = min(operation.key.started_at for operation in recovered)
    return _supersede(_miss_ends(after, look), look, full=True, until=started_at)


def _follow(rollout: Rollout, look: _Look) -> Rollout:
    """Bring the operation that operationState shows to where it is now."""
    state, known = look.snapshot.state, look.known
    if state is None or known is None:
        return rollout
    if any(operation.key == known.key for operation in rollout.operations):
        return _advance(rollout, known, state, look)
    if any(item.key == known.key for item in rollout.known):
        return rollout
    return _begin(rollout, known, state, look)


def _begin(rollout: Rollout, known: Known, state: State, look: _Look) -> Rollout:
    operation, request = begin(rollout, look.snapshot, state, known)
    rollout = remember(_miss_ends(rollout, look), known)
    if request.dry_run:
        return rollout
    full = is_full(rollout, request)
    rollout = _supersede(rollout, look, full=full, until=known.key.started_at)
    if rollout.tuning.ignored or not (full or look.policy.track_partial):
        return rollout
    return _advance(replace(rollout, operations=(*rollout.operations, operation)), known, state, look)


def _advance(rollout: Rollout, known: Known, state: State, look: _Look) -> Rollout:
    def step(operation: Operation) -> Operation:
        if operation.key != known.key:
            return operation
        return advance(operation, state, look.snapshot, look.now, deployed=rollout.deployed)

    after = each(rollout, step)
    for operation in after.operations:
        if operation.pending and operation.shows_deployed:
            after = deploy(after, operation.key.started_at, operation.result.revisions)
    return after


def _drift(rollout: Rollout, look: _Look) -> Rollout:
    """What runs, though neither operationState shows it nor anything requests an operation."""
    shown = look.known.key if look.known is not None else None

    def step(operation: Operation) -> Operation:
        if not operation.running or operation.key == shown:
            return operation
        return drift(operation, look.snapshot, look.now)

    return rollout if look.snapshot.request is not None else each(rollout, step)


def _await(rollout: Rollout, look: _Look) -> Rollout:
    """Remember a request that no operation has taken up yet; it supersedes from the moment it is made."""
    request, state = look.snapshot.request, look.snapshot.state
    if request is None or (state is not None and not state.completed):
        return rollout if rollout.waiting is None else replace(rollout, waiting=None)
    rollout = replace(rollout, waiting=Waiting(request, over_finished=state is not None))
    if state is None:
        rollout = _miss_ends(rollout, look)
    return rollout if request.dry_run else _supersede(rollout, look, full=is_full(rollout, request))


def _miss_ends(rollout: Rollout, look: _Look, why: str = "its end was not seen before the next operation") -> Rollout:
    def step(operation: Operation) -> Operation:
        return miss_end(operation, look.snapshot, look.now, why=why) if operation.running else operation

    return confirm(each(rollout, step), look.snapshot)


def _supersede(rollout: Rollout, look: _Look, *, full: bool, until: datetime | None = None) -> Rollout:
    """A full operation closes all that is pending, a partial one or a self-heal only its like."""
    seen = look.standing if until is None else replace(look.standing, until=min(until, look.standing.until))

    def step(operation: Operation) -> Operation:
        if not operation.pending or (operation.full and not full):
            return operation
        return close(operation, seen, look.policy, now=look.now, why="superseded")

    return each(rollout, step)


def _bury(rollout: Rollout, look: _Look) -> Rollout:
    """Deletion closes what is pending; what runs waits for its end, which a deleted Application has had."""
    if not look.snapshot.deleting:
        return rollout
    if look.snapshot.deleted:
        rollout = _miss_ends(rollout, look, "the application was deleted before its end was seen")

    def step(operation: Operation) -> Operation:
        if not operation.pending:
            return operation
        return close(operation, look.standing, look.policy, now=look.now, why="the application was deleted")

    return each(rollout, step)


def _judge(rollout: Rollout, now: datetime, policy: Policy) -> Rollout:
    return each(rollout, lambda operation: judge(operation, rollout, now, policy))


def _abandon(rollout: Rollout, now: datetime, policy: Policy, *, why: str) -> Rollout:
    seen = Standing(rollout.health, rollout.seen_at or now)

    def step(operation: Operation) -> Operation:
        if operation.outcome is not None:
            return operation
        if operation.running:
            return replace(operation, outcome=Outcome(Status.UNKNOWN, now, reason=why))
        return close(operation, seen, policy, now=now, why=why)

    return each(rollout, step)
