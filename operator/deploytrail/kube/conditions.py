"""The status of a DeploymentEvent: computed from the record alone, so that two replicas write the same."""

from datetime import datetime, timedelta

from deploytrail.errors import Rejected
from deploytrail.kube.client import Object
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Deployment, Status

PHASES = {
    Status.PENDING: "Progressing",
    Status.STARTED: "Progressing",
    Status.COMPLETED: "Succeeded",
    Status.FAILED: "Failed",
    Status.ABORTED: "Aborted",
    Status.UNKNOWN: "Unknown",
}


def accepted(obj: Object, deployment: Deployment) -> Object:
    """The status of an object whose deployment is recorded."""
    return {
        "phase": PHASES[deployment.status],
        "status": deployment.status.value,
        "eventType": deployment.status.event_type,
        "deploymentId": deployment.id,
        "startedAt": _time(deployment.started_at),
        "finishedAt": _time(deployment.finished_at),
        "duration": duration(deployment.duration),
        "history": [{"status": status.value, "at": to_rfc3339(at)} for status, at in deployment.history],
        "observedGeneration": obj["metadata"]["generation"],
        "conditions": [
            _condition(obj, "Recorded", True, "Recorded", f"Recorded as {deployment.id}.", deployment.created_at),
            _settled(obj, deployment),
        ],
    }


def refused(obj: Object, refusal: Rejected, *, now: datetime) -> Object:
    """The status of an object that cannot be recorded; what an earlier spec left there is taken away."""
    gone = ("status", "eventType", "deploymentId", "startedAt", "finishedAt", "duration", "history")
    return {
        "phase": "Rejected",
        **dict.fromkeys(gone),
        "observedGeneration": obj["metadata"]["generation"],
        "conditions": [_condition(obj, "Recorded", False, "Rejected", f"{refusal.message}.", now)],
    }


def duration(value: timedelta | None) -> str | None:
    """As Go writes it, to the second: ``1h2m3s``, ``48s``, ``0s``."""
    if value is None:
        return None
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{seconds}s"


def _settled(obj: Object, deployment: Deployment) -> Object:
    if not deployment.status.terminal:
        message = deployment.reason or "The deployment has not ended yet."
        return _condition(obj, "Settled", False, "InProgress", message, deployment.created_at)
    message = deployment.reason or f"The deployment ended as {deployment.status.value}."
    return _condition(obj, "Settled", True, PHASES[deployment.status], message, deployment.updated_at)


def _condition(obj: Object, kind: str, holds: bool, reason: str, message: str, since: datetime) -> Object:
    status = str(holds)
    for known in obj.get("status", {}).get("conditions", []):
        if known["type"] == kind and known["status"] == status:
            since = datetime.fromisoformat(known["lastTransitionTime"])
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": to_rfc3339(since),
        "observedGeneration": obj["metadata"]["generation"],
    }


def _time(value: datetime | None) -> str | None:
    return to_rfc3339(value) if value else None
