"""What a report does to the record it belongs to: create it, move it on, repeat it, contradict it."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from deploytrail.record.model import Deployment, Facts, Links, Repeat, Report, Status


@dataclass(frozen=True, slots=True)
class Create:
    """Nothing is recorded under this id yet."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Advance:
    """The report adds to the record; ``deployment`` is the record after it."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing new: a replay, or a state the record has left behind for good."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Contradict:
    """Another content under an identity that its sender promised to use once."""

    deployment: Deployment


Decision: TypeAlias = Create | Advance | Same | Contradict


def decide(current: Deployment | None, report: Report) -> Decision:
    """Judge ``report`` against what is recorded. The only place where a record's status changes."""
    if current is None:
        return Create(_first(report))
    if any(telling.fingerprint == report.telling.fingerprint for telling in current.tellings):
        return Same(current)
    if current.status.terminal and report.repeat is Repeat.CONFLICT:
        return Contradict(current)
    if current.status.terminal and report.repeat is Repeat.KEEP:
        return Same(current)
    return Advance(_next(current, report))


def _first(report: Report) -> Deployment:
    return Deployment(
        **_fields(report.facts),
        id=report.id,
        status=report.telling.status,
        source=report.telling.source,
        created_at=report.telling.received_at,
        updated_at=report.telling.received_at,
        started_at=report.started_at,
        finished_at=report.finished_at,
        settled_at=report.settled_at,
        counted=report.counted,
        reason=report.reason,
        tellings=(report.telling,),
        resource=report.resource,
    )


def _next(current: Deployment, report: Report) -> Deployment:
    tellings = (*current.tellings, report.telling)
    changes: dict[str, Any] = {"tellings": tellings, "updated_at": report.telling.received_at}
    leads = _leads(current, report)
    for name, value in _fields(report.facts).items():
        if name in _FOR_EVER:
            continue
        if leads or getattr(current, name) == _ABSENT[name]:
            changes[name] = _merge(getattr(current, name), value, absent=_ABSENT[name])
    if leads:
        changes |= {"status": report.telling.status, "counted": report.counted, "reason": report.reason}
    for name in ("started_at", "finished_at", "settled_at"):
        told = getattr(report, name)
        if told is not None and (leads or getattr(current, name) is None):
            changes[name] = told
    return current.model_copy(update=changes)


def _leads(current: Deployment, report: Report) -> bool:
    """Whether the report is further along than the record, or as far and newer. A late state never leads."""
    rank, reached = report.telling.status.rank, current.status.rank
    if rank != reached:
        return rank > reached
    newest = max(telling.at for telling in current.tellings if telling.status.rank == reached)
    return report.telling.at >= newest


_FOR_EVER = ("product", "environment")
"""A record keeps the place it was made for, even when rules change while it is open."""

_ABSENT: dict[str, Any] = {
    name: field.get_default(call_default_factory=True) for name, field in Facts.model_fields.items()
}


def _fields(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in Facts.model_fields}


def _merge(old: Any, new: Any, *, absent: Any) -> Any:
    if isinstance(old, Links):
        return old.model_copy(update=new.model_dump(exclude_none=True))
    if isinstance(old, dict):
        return {**old, **new}
    return old if new == absent else new


def is_open(deployment: Deployment) -> bool:
    """Whether a verdict is still awaited."""
    return deployment.status in (Status.PENDING, Status.STARTED)
