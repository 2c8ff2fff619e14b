"""What one sight of an Application says of the operation it shows, when nobody watches and nothing more may come.

Argo CD's notifications controller speaks only after the comparison that follows an operation, and of a health that its
trigger asked for: what it says is believed at once, where the tracker would wait to see it hold.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deploytrail.mapping.application import snapshot
from deploytrail.mapping.rules import Rules
from deploytrail.record.rollout import Finding, Policy, Snapshot, observe
from deploytrail.record.rollout.snapshot import Request, State

EVER = datetime.min.replace(tzinfo=UTC)


def read(obj: Mapping[str, Any], rules: Rules, policy: Policy, *, now: datetime) -> Finding | None:
    """What is to be recorded of the operation; None where it is none, or one that is never recorded."""
    seen = _unhealed(snapshot(obj, rules))
    state = seen.state if seen is not None else None
    if seen is None or state is None or state.started_at is None:
        return None
    if not state.completed:  # it runs, or nobody would tell of it
        seen = replace(seen, request=seen.request or state.request)
    at_once = replace(policy, hold=timedelta(0), settle=timedelta(0))
    step = observe(None, _untimely(seen), max(now, *_times(seen)), at_once, watching_since=EVER)
    shown = (state.started_at, state.request.heals)
    # History tells of others too, and of the sync whose second a self-heal shares.
    found = (each for each in step.findings if isinstance(each, Finding))
    return next((each for each in found if (each.operation.key.started_at, each.operation.shown) == shown), None)


def _unhealed(seen: Snapshot | None) -> Snapshot | None:
    """With the deployment that a self-heal only repeats: often it comes right after, and hides it from us."""
    state = seen.state if seen is not None else None
    if seen is None or state is None or not state.request.heals or not seen.history:
        return seen
    entry = seen.history[-1]
    if (state.result().revisions or state.request.revisions) != entry.revisions:
        return seen
    asked = Request(username=entry.username, automated=entry.automated, revisions=entry.revisions)
    healed = State("Succeeded", entry.started_at, entry.deployed_at, asked, "", 0, state.result)
    return replace(seen, state=healed)


def _untimely(seen: Snapshot) -> Snapshot:
    """Without a Degraded from before the operation: it may be stale, and who says so cannot be asked again."""
    started_at = seen.state.started_at if seen.state else None
    old = seen.health_changed_at is not None and started_at is not None and seen.health_changed_at < started_at
    return replace(seen, health=None) if old and seen.health == "Degraded" else seen


def _times(seen: Snapshot) -> list[datetime]:
    """Its clock may be ahead of ours: nothing that it speaks of is yet to come."""
    finished_at = seen.state.finished_at if seen.state else None
    return [when for when in (finished_at, seen.reconciled_at, seen.health_changed_at) if when is not None]
