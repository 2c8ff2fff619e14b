"""How an operation goes on: running, between retries, terminated, ended."""

from dataclasses import replace
from datetime import datetime

from deploytrail.record.model import Status
from deploytrail.record.rollout.history import miss_end
from deploytrail.record.rollout.snapshot import Snapshot, State, SyncResult
from deploytrail.record.rollout.state import Operation, Outcome

OVERDUE = ("terminating due to timeout", "triggered by controller sync timeout")
"""What Argo CD says while and after it stops an operation that takes too long."""

MOST_HYDRATIONS = 16
"""Of one operation, the first ones: the last is told by the Application itself when it ends."""

LATE = "its end was not seen, and nothing requests it any more"


def advance(
    operation: Operation, state: State, snapshot: Snapshot, now: datetime, *, deployed: tuple[str, ...]
) -> Operation:
    """The operation as operationState shows it now. The first terminal phase stays, whatever comes later."""
    if not operation.running:
        return _complete(operation, state)
    operation = replace(
        operation,
        phase=state.phase if state.completed else "Running",
        terminated=_is_stopped(operation, state),
        retries=state.retries if operation.retry_limit else 0,
        message=state.message,
        hydrations=tuple(dict.fromkeys((*operation.hydrations, *snapshot.hydrations)))[:MOST_HYDRATIONS],
    )
    if state.completed:
        return _end(operation, state, snapshot, now, deployed)
    if snapshot.request is not None:
        return replace(operation, loose_since=None, running_seen_at=now)
    return drift(operation, snapshot, now, finished_at=state.finished_at)


def drift(operation: Operation, snapshot: Snapshot, now: datetime, *, finished_at: datetime | None = None) -> Operation:
    """The running operation that nothing requests any more.

    The request goes in the patch that brings the terminal phase, so its end is past: what shows it as Running is a
    patch that came too late (argo-cd#28814), or operationState was taken away.
    """
    if snapshot.entry(operation.key.started_at) is not None and operation.enters:
        ended = miss_end(operation, snapshot, now, why=LATE)
        return replace(ended, finished_at=max(filter(None, (ended.finished_at, finished_at))))
    return replace(operation, loose_since=operation.loose_since or now)


def _complete(operation: Operation, state: State) -> Operation:
    """An end that was told without its time, as after a restart of the controller (argo-cd#29636), may get it yet."""
    if not operation.pending or operation.finished_at is not None or state.finished_at is None:
        return operation
    return replace(operation, finished_at=max(state.finished_at, operation.key.started_at))


def _end(operation: Operation, state: State, snapshot: Snapshot, now: datetime, deployed: tuple[str, ...]) -> Operation:
    result = _result(operation, state, snapshot).rendered(operation.hydrations)
    started_at, finished_at = operation.key.started_at, state.finished_at
    operation = replace(
        operation,
        finished_at=max(finished_at, started_at) if finished_at is not None else None,
        ended_seen_at=now,
        result=result,
        renews=operation.renews or _renews(operation, result, deployed),
        loose_since=None,
    )
    if state.phase == "Succeeded":
        return operation
    reached = operation.finished_at or now
    return replace(operation, outcome=Outcome(Status.FAILED, reached, reason=_why(operation, result)))


def _is_stopped(operation: Operation, state: State) -> bool:
    """Whether a person stopped it. A sync timeout takes the same way, but nobody changed their mind: it failed."""
    if not state.completed:  # The message may be one that an older operation left behind.
        return operation.terminated or state.phase == "Terminating"
    overdue = OVERDUE[0] in operation.message or OVERDUE[1] in state.message
    stopped = operation.terminated or state.message.startswith("Operation terminat")
    return stopped and not overdue and state.phase != "Succeeded"


def _result(operation: Operation, state: State, snapshot: Snapshot) -> SyncResult:
    """What was deployed: the syncResult; where that says nothing (argo-cd#29636), the history entry."""
    result = state.result()
    entry = snapshot.entry(operation.key.started_at) if operation.enters and not result.revisions else None
    if entry is not None:
        return replace(entry.result(), images=result.images)
    left_over = (
        operation.over_finished
        and state.phase != "Succeeded"
        and bool(operation.requested)
        and result.revisions != operation.requested
    )
    # A direct operation that fails before it has a result of its own shows the one of the operation before it.
    return SyncResult(sources=result.sources) if left_over else result


def _renews(operation: Operation, result: SyncResult, deployed: tuple[str, ...]) -> bool:
    if not operation.key.heals or operation.requested:
        return False
    return bool(deployed and result.revisions) and result.revisions != deployed


def _why(operation: Operation, result: SyncResult) -> str:
    said = f"{operation.phase}: {operation.message}" if operation.message else operation.phase
    if result.failed_hook is None or operation.terminated:
        return said
    live = "; the new version is live nevertheless" if result.failed_hook.startswith("PostSync") else ""
    return f"{result.failed_hook} failed{live} ({said})"
