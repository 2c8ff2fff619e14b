"""What an Application ran before anybody watched it: never recorded, but known from the start."""

from dataclasses import replace
from datetime import datetime

from deploytrail.record.model import Status
from deploytrail.record.rollout.history import recovered
from deploytrail.record.rollout.snapshot import Snapshot
from deploytrail.record.rollout.state import Outcome
from deploytrail.record.rollout.step import Finding

REASON = "not counted: it was deployed before Deploytrail watched"


def baseline(snapshot: Snapshot, *, since: datetime) -> Finding | None:
    """The newest deployment in history that is older than ``since``; None when there is none.

    A success when the Application is Healthy now; what it was then nobody can tell. It never counts.
    """
    past = [entry for entry in snapshot.history if entry.deployed_at < since]
    if not past or snapshot.deleting or snapshot.tuning.ignored:
        return None
    entry = max(past, key=lambda entry: entry.started_at)
    status = Status.COMPLETED if snapshot.health == "Healthy" else Status.UNKNOWN
    outcome = Outcome(status, entry.deployed_at, reason=REASON)
    return Finding(
        application=snapshot.application,
        operation=replace(recovered(snapshot, entry), images=snapshot.images, outcome=outcome),
        tuning=snapshot.tuning,
        status=status,
        at=entry.deployed_at,
        settled_at=None,
        counted=False,
        reason=REASON,
        health=snapshot.health,
    )
