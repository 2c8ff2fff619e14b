"""The status of what people apply, and of our records: computed from the record alone, so replicas write the same."""

from datetime import datetime, timedelta

from pydantic.alias_generators import to_camel

from deploytrail.errors import Rejected
from deploytrail.kube.client import Object
from deploytrail.kube.forms import FORMS
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Record, Status

PHASES = {
    Status.PENDING: "Progressing",
    Status.STARTED: "Progressing",
    Status.COMPLETED: "Succeeded",
    Status.FAILED: "Failed",
    Status.ABORTED: "Aborted",
    Status.UNKNOWN: "Unknown",
}


def accepted(obj: Object, record: Record) -> Object:
    """The status of an object whose deployment or build is recorded."""
    return {
        "phase": PHASES[record.status],
        "status": record.status.value,
        "eventType": record.event_type,
        to_camel(FORMS[type(record)].marker): record.id,
        "startedAt": _time(record.started_at),
        "finishedAt": _time(record.finished_at),
        "duration": duration(record.duration),
        "history": [{"status": status.value, "at": to_rfc3339(at)} for status, at in record.history],
        "observedGeneration": obj["metadata"]["generation"],
        "conditions": [_recorded(obj, record), _settled(obj, record), *_gap(obj, record)],
    }


def refused(obj: Object, refusal: Rejected, *, now: datetime) -> Object:
    """The status of an object that cannot be recorded; what an earlier spec left there is taken away."""
    gone = ("status", "eventType", "deploymentId", "buildId", "startedAt", "finishedAt", "duration", "history")
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


def _recorded(obj: Object, record: Record) -> Object:
    message = f"Recorded as {record.id}."
    if record.version_conflict is not None:
        message += f" Its version was first seen with another commit, {record.version_conflict}."
    return _condition(obj, "Recorded", True, "Recorded", message, record.created_at)


def _settled(obj: Object, record: Record) -> Object:
    what = type(record).__name__.lower()
    if not record.status.terminal:
        message = record.reason or f"The {what} has not ended yet."
        return _condition(obj, "Settled", False, "InProgress", message, record.created_at)
    message = record.reason or f"The {what} ended as {record.status.value}."
    return _condition(obj, "Settled", True, PHASES[record.status], message, record.updated_at)


def _gap(obj: Object, record: Record) -> list[Object]:
    """A known loss is said where people look, not hidden."""
    missed = getattr(record, "missed_before", 0)
    if not missed:
        return []
    message = f"{missed} deployments right before this one were missed, and no history holds them any more."
    return [_condition(obj, "Complete", False, "DeploymentsMissed", message, record.created_at)]


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
