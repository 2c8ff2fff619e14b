"""What ``status.history`` tells: the baseline, operations missed and found again, ends missed, and gaps.

Only full, real, successful operations have an entry; it is written just before the phase becomes Succeeded. The ids
count up by one, begin anew when history was wiped, and are always 0 where the limit is 0. A controller killed at the
wrong moment leaves two entries for one operation.
"""

from dataclasses import replace
from datetime import UTC, datetime

from deploytrail.record.model import Status
from deploytrail.record.rollout.requests import AUTOMATED, recovered_trigger
from deploytrail.record.rollout.snapshot import Entry, Snapshot
from deploytrail.record.rollout.state import UNUSED, Key, Known, Operation, Outcome, Rollout
from deploytrail.record.rollout.step import Gap

DAWN = datetime.min.replace(tzinfo=UTC)
RECOVERED = "recovered from history: it succeeded, its health was never observed"


def lay_baseline(rollout: Rollout, snapshot: Snapshot, known: Known | None, since: datetime | None) -> Rollout:
    """The Application as it was found: what had ended before ``since`` is known and never recorded."""
    past = [entry for entry in snapshot.history if since is None or entry.deployed_at < since]
    state = snapshot.state
    if known is not None and state is not None and _is_past(snapshot, since):
        rollout = remember(rollout, known)
        whole = known.enters and not state.request.resources
        if state.phase == "Succeeded" and (whole or known.key.heals > 0):
            # Where no history is kept, nothing else tells what is deployed. A self-heal's revision is, by now.
            rollout = deploy(rollout, known.key.started_at, state.result().revisions)
    return replace(
        rollout,
        horizon=max((entry.started_at for entry in past), default=DAWN),
        history_id=max(entry.id for entry in past) if past else _unused(snapshot, since),
    )


def _unused(snapshot: Snapshot, since: datetime | None) -> int | None:
    """How far the ids had come when recording began, of a history in which nothing is older; None: nobody knows."""
    if not snapshot.history:
        return UNUSED
    first, created_at = snapshot.history[0], snapshot.created_at
    if since is None or since == DAWN:
        return first.id - 1  # Whatever history holds is taken in; nobody watched before.
    if created_at is None or created_at < since:
        return None
    # One that was restored from a backup brings the history of another Application: no loss of its own.
    return UNUSED if created_at <= first.started_at else first.id - 1


def _is_past(snapshot: Snapshot, since: datetime | None) -> bool:
    state = snapshot.state
    if state is None or (not state.completed and snapshot.request is not None):
        return False
    # Running although nothing requests it: a patch that came too late, over an end nobody will see.
    ended_at = state.finished_at or state.started_at
    return since is None or not state.completed or ended_at is None or ended_at < since


def remember(rollout: Rollout, known: Known) -> Rollout:
    """From now on this operation is no news."""
    return replace(rollout, known=(*rollout.known, known))


def recover(rollout: Rollout, snapshot: Snapshot, known: Known | None) -> tuple[Rollout, Gap | None]:
    """Take in what is new in history: operations that nobody saw, and a jump in the ids."""
    if not snapshot.history:
        return rollout, None
    horizon, seen = rollout.horizon or DAWN, {item.key.started_at for item in rollout.known if item.enters}
    unseen = [entry for entry in snapshot.history if entry.started_at > horizon and entry.started_at not in seen]
    gap = _gap(rollout, snapshot, unseen)
    if known is not None and known.enters:
        seen.add(known.key.started_at)
    for entry in unseen:
        if entry.started_at not in seen:
            seen.add(entry.started_at)
            rollout = remember(rollout, Known(Key(entry.started_at), 0))
            if not rollout.tuning.ignored:
                rollout = replace(rollout, operations=(*rollout.operations, recovered(snapshot, entry)))
    return _settle(rollout, snapshot.history[-1], known), gap


def _settle(rollout: Rollout, newest: Entry, known: Known | None) -> Rollout:
    # Whether a self-heal brings something new is decided by what was deployed before it.
    if known is None or not (known.key.heals and known.enters) or known.key.started_at != newest.started_at:
        rollout = deploy(rollout, newest.started_at, newest.revisions)
    horizon = max(rollout.horizon or DAWN, newest.started_at)
    if (horizon, newest.id) == (rollout.horizon, rollout.history_id):
        return rollout
    return replace(rollout, horizon=horizon, history_id=newest.id)


def deploy(rollout: Rollout, started_at: datetime, revisions: tuple[str, ...]) -> Rollout:
    """From now on these revisions are what is deployed, unless something newer is."""
    if not revisions or (rollout.deployed_at is not None and rollout.deployed_at >= started_at):
        return rollout
    return replace(rollout, deployed=revisions, deployed_at=started_at)


def recovered(snapshot: Snapshot, entry: Entry) -> Operation:
    """An operation of which only the history entry is left."""
    return Operation(
        key=Key(entry.started_at),
        shown=0,
        subject=snapshot.subject,
        trigger=recovered_trigger(snapshot, entry),
        deployed_by=entry.username or (AUTOMATED if entry.automated else None),
        phase="Succeeded",
        finished_at=entry.deployed_at,
        result=entry.result(),
        history_id=entry.id,
        outcome=Outcome(Status.UNKNOWN, entry.deployed_at, reason=RECOVERED),
    )


def _gap(rollout: Rollout, snapshot: Snapshot, unseen: list[Entry]) -> Gap | None:
    """Ids between the last one seen and the next one still held; all ids before the first, where they began anew."""
    last, first = rollout.history_id, snapshot.history[0].id
    if last is None:
        cut = first > 0 and len(unseen) == len(snapshot.history)
        return Gap(snapshot.application, 1, None, first, exact=False) if cut else None
    later = [entry.id for entry in snapshot.history if entry.id > last]
    if later and min(later) > last + 1:
        return Gap(snapshot.application, min(later) - last - 1, last if last != UNUSED else None, min(later))
    if not later and first > 0 and len(unseen) == len(snapshot.history):
        return Gap(snapshot.application, first, None, first)
    return None


def attach(operation: Operation, snapshot: Snapshot) -> Operation:
    """The operation with the id of its history entry."""
    if not operation.enters or operation.history_id is not None or operation.outcome is not None:
        return operation
    entry = snapshot.entry(operation.key.started_at)
    return operation if entry is None else replace(operation, history_id=entry.id)


def miss_end(operation: Operation, snapshot: Snapshot, now: datetime, *, why: str) -> Operation:
    """The operation, its end unseen: in history it succeeded then, elsewhere nobody knows."""
    entry = snapshot.entry(operation.key.started_at) if operation.enters else None
    if entry is None:
        return replace(operation, outcome=Outcome(Status.UNKNOWN, now, reason=why))
    return replace(
        operation,
        phase="Succeeded",
        finished_at=entry.deployed_at,
        ended_seen_at=now,
        result=entry.result().rendered(operation.hydrations),
        history_id=entry.id,
        loose_since=None,
    )
