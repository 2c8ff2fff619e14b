"""Which operation is seen, who asked for it, and what kind of operation it is.

operationState is written with merge patches: for an operation that was written directly, fields of an older one shine
through (argo-cd#28701, #26530). The truth is the top-level request while it is there; afterwards what was remembered
of it; and a history entry, which only full, real, successful operations get.
"""

from dataclasses import replace
from datetime import datetime

from deploytrail.record.model import Trigger
from deploytrail.record.rollout.snapshot import Entry, Request, Snapshot, State
from deploytrail.record.rollout.state import Key, Known, Operation, Rollout

REHEARSAL = -1
"""In the key of a dry run, so that a real operation in the same second is another one."""

AUTOMATED = "argocd (automated)"
"""Who deployed, when Argo CD did by itself."""


def identify(rollout: Rollout, snapshot: Snapshot) -> Known | None:
    """The operation that operationState shows; None when it shows none that could be told apart."""
    state = snapshot.state
    if state is None or state.started_at is None:
        return None
    shown = state.request.heals
    if snapshot.request is not None and not state.completed:
        running = _running(rollout, state.started_at, shown)
        return running or _know(rollout, state.started_at, snapshot.request, shown)
    for known in reversed(rollout.known):
        if known.key.started_at == state.started_at and known.shown == shown:
            return known
    return _know(rollout, state.started_at, request_of(rollout, snapshot, state), shown)


def _running(rollout: Rollout, started_at: datetime, shown: int) -> Known | None:
    """The operation that is followed already: whoever writes another request over its own changes nothing of it."""
    open_ = {item.key for item in rollout.operations if item.running}
    own = (item for item in rollout.known if item.key in open_ and item.key.started_at == started_at)
    return next((item for item in own if item.shown == shown), None)


def request_of(rollout: Rollout, snapshot: Snapshot, state: State) -> Request:
    """What was asked for in the operation that ``state`` shows for the first time."""
    if snapshot.request is not None and not state.completed:
        return snapshot.request
    waiting = rollout.waiting
    entry = snapshot.entry(state.started_at) if state.started_at else None
    request = state.request
    if waiting is not None and waiting.over_finished and _may_be(waiting.request, state, snapshot, entry):
        request = waiting.request
    if request.heals and request.username is not None:
        # Argo CD heals in nobody's name, and such an operation of its own shows no left-overs.
        request = replace(request, heals=0)
    return _proven(request, entry) if entry is not None else request


def begin(rollout: Rollout, snapshot: Snapshot, state: State, known: Known) -> tuple[Operation, Request]:
    """The operation as it is first seen, and the request behind it."""
    request = request_of(rollout, snapshot, state)
    over_finished = _is_over_finished(rollout, request, state)
    operation = Operation(
        key=known.key,
        shown=known.shown,
        enters=known.enters,
        subject=snapshot.subject,
        trigger=_trigger(request, snapshot, known.key, over_finished=over_finished),
        deployed_by=request.username or (AUTOMATED if request.automated else None),
        partial=request.resources > 0,
        renews=renews(rollout, request),
        over_finished=over_finished,
        retry_limit=request.retry_limit,
        requested=request.revisions,
    )
    return operation, request


def renews(rollout: Rollout, request: Request) -> bool:
    """Whether a self-heal brings a revision that was not deployed before (argo-cd#27875: it has no history then)."""
    return request.heals > 0 and bool(rollout.deployed and request.revisions) and request.revisions != rollout.deployed


def is_full(rollout: Rollout, request: Request) -> bool:
    """Whether it is for the whole Application, so that what is pending is superseded by it."""
    return renews(rollout, request) or not (request.resources or request.heals)


def recovered_trigger(snapshot: Snapshot, entry: Entry) -> Trigger | None:
    """What history tells of who set it off; None when it tells nothing."""
    if not entry.automated and entry.username is None:
        return None
    request = Request(username=entry.username, automated=entry.automated, revisions=entry.revisions, manifests=True)
    return _trigger(request, replace(snapshot, sync_revisions=()), Key(entry.started_at), over_finished=False)


def _know(rollout: Rollout, started_at: datetime, request: Request, shown: int) -> Known:
    key = Key(started_at, REHEARSAL if request.dry_run else request.heals)
    return Known(key, shown, enters=_enters(rollout, key, request))


def _enters(rollout: Rollout, key: Key, request: Request) -> bool:
    """A self-heal is of the whole Application where no resource is out of sync: drift of managedNamespaceMetadata."""
    if not key.heals:
        return True
    return key.heals > 0 and not request.resources and all(item.key != Key(key.started_at) for item in rollout.known)


def _trigger(request: Request, snapshot: Snapshot, key: Key, *, over_finished: bool) -> Trigger:
    if key.heals:
        return Trigger.SELF_HEAL
    if request.automated:
        return Trigger.AUTOMATED
    # argocd-server always resolves the revision before it writes the request; whoever writes it directly need not.
    if over_finished or not (request.revisions or request.manifests):
        return Trigger.DIRECT
    older = [entry.revisions for entry in snapshot.history if entry.started_at < key.started_at]
    goes_back = request.revisions in older and request.revisions != older[-1]
    return Trigger.ROLLBACK if goes_back and request.revisions != snapshot.sync_revisions else Trigger.MANUAL


def _is_over_finished(rollout: Rollout, request: Request, state: State) -> bool:
    """Whether it was written over a finished operationState: seen so, or an old success still shines through."""
    waiting = rollout.waiting
    if waiting is not None and waiting.over_finished and _contains(request, waiting.request):
        return True
    return not state.completed and state.message.startswith("successfully synced")


def _contains(state: Request, request: Request) -> bool:
    """Whether ``state`` can be what a merge patch made of ``request`` and left-overs."""
    pairs = (
        (request.username, state.username),
        (request.automated, state.automated),
        (request.revisions, state.revisions),
        (request.resources, state.resources),
        (request.manifests, state.manifests),
        (request.dry_run, state.dry_run),
        (request.heals, state.heals),
    )
    return all(not asked or asked == shown for asked, shown in pairs)


def _may_be(request: Request, state: State, snapshot: Snapshot, entry: Entry | None) -> bool:
    """Whether a direct request, seen before its operation was, can be the one behind ``state``."""
    full = not (request.resources or request.dry_run or request.heals)
    if full and state.phase == "Succeeded" and snapshot.history and entry is None:
        return False
    return _contains(state.request, request)


def _proven(request: Request, entry: Entry) -> Request:
    """The request, when only its end was seen, as far as its history entry does not disprove it."""
    own = request.heals and request.username is None
    # One of some resources has no entry: this one is that of a full sync in the same second, which was over in it.
    if own and (not request.resources or entry.deployed_at == entry.started_at):
        return request
    if not (request.resources or request.dry_run or request.heals):
        return replace(request, revisions=entry.revisions) if request.revisions else request
    # Left-overs, so it was written directly; its revision may be one of them.
    return Request(username=entry.username, automated=entry.automated, retry_limit=request.retry_limit)
