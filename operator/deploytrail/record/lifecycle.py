"""What a report does to the record it belongs to: create it, move it on, repeat it, contradict it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeAlias

from deploytrail.record.model import AnyReport, Build, Links, R, Record, Repeat, Source, Status, Subject, Telling
from deploytrail.record.version import same_commit


@dataclass(frozen=True, slots=True)
class Create(Generic[R]):
    """Nothing is recorded under this id yet."""

    record: R


@dataclass(frozen=True, slots=True)
class Advance(Generic[R]):
    """The report adds to the record; ``record`` is the record after it."""

    record: R


@dataclass(frozen=True, slots=True)
class Same(Generic[R]):
    """Nothing new: a replay, or a state the record has left behind for good."""

    record: R


@dataclass(frozen=True, slots=True)
class Contradict(Generic[R]):
    """Another content under an identity that its sender promised to use once."""

    record: R


Decision: TypeAlias = Create[R] | Advance[R] | Same[R] | Contradict[R]


def decide(current: R | None, report: AnyReport[R]) -> Decision[R]:
    """Judge ``report`` against what is recorded under its id. The only place where a record's status changes."""
    if current is None:
        return Create(alone(report))
    if any(telling.fingerprint == report.telling.fingerprint for telling in current.tellings):
        return Same(current)
    if report.repeat is Repeat.NOTE:
        return Advance(_noted(current, report))
    if current.status.terminal and report.repeat is Repeat.CONFLICT:
        return Contradict(current)
    if current.status.terminal and report.repeat in (Repeat.KEEP, Repeat.YIELD):
        firm = report.repeat is Repeat.YIELD or not overrules(report.telling, current.tellings)
        return Same(current) if firm else Advance(_next(current, report, overruling=True))
    return Advance(_next(current, report))


def overrules(telling: Telling, heard: Sequence[Telling]) -> bool:
    """Whether it is the first verdict of who watches: what others said before was hearsay."""
    watched = [each for each in (telling, *heard) if each.status.terminal and each.source is Source.ARGOCD]
    return watched == [telling]


_CARRIED = (
    "started_at", "finished_at", "settled_at", "counted", "reason", "version_conflict", "attempt", "resource",
)  # fmt: skip
"""What a report says beside its facts, where its type has it."""


def alone(report: AnyReport[R]) -> R:
    """The record that the report makes by itself. Whatever the report says was validated with it, and is not again."""
    telling, said = report.telling, vars(report)
    made: R = report.makes.model_construct(  # type: ignore[assignment]
        **vars(report.facts),
        **{name: said[name] for name in _CARRIED if name in said},
        id=report.id,
        status=telling.status,
        source=telling.source,
        created_at=telling.received_at,
        updated_at=telling.received_at,
        tellings=(telling,),
    )
    return made


def _noted(current: R, report: AnyReport[R]) -> R:
    """The record with what nobody else told, and with the report, whose word for the status is only kept."""
    heard = report.telling.model_copy(update={"status": current.status})
    changes = {"tellings": (*current.tellings, heard), "updated_at": _changed_at(current, heard)}
    return current.model_copy(update=changes | _facts(current, report, leads=False))


def _next(current: R, report: AnyReport[R], *, overruling: bool = False) -> R:
    leading = leads(report.telling, current.tellings, reached=current.status)
    changes: dict[str, Any] = {
        "tellings": (*current.tellings, report.telling),
        "updated_at": _changed_at(current, report.telling),
        "version_conflict": report.version_conflict or current.version_conflict,
        **_facts(current, report, leads=leading),
        **_times(current, report, leads=leading),
    }
    if overruling:  # who watches knows the times too
        changes |= {name: getattr(report, name, None) for name in ("finished_at", "settled_at")}
    if leading:
        changes |= {"status": report.telling.status, "reason": report.reason}
        changes |= {"counted": report.counted} if hasattr(report, "counted") else {}
    return current.model_copy(update=changes)


def _changed_at(current: Record, telling: Telling) -> datetime:
    marked: tuple[datetime, ...] = tuple(mark.at for mark in getattr(current, "marks", ()))
    return max((telling.received_at, *marked))


def leads(telling: Telling, heard: Sequence[Telling], *, reached: Status) -> bool:
    """Whether a telling is further along than its record, or as far and newer. A late state never leads."""
    if telling.status.rank != reached.rank:
        return telling.status.rank > reached.rank
    if telling.status.terminal and overrules(telling, heard):
        return True
    return telling.at >= max(each.at for each in heard if each.status.rank == reached.rank)


def _facts(current: Record, report: AnyReport[Any], *, leads: bool) -> dict[str, Any]:
    """What is known after the report. What a record must have, it was made for, and keeps though rules change."""
    known = {}
    for name, absent in _optional(type(report.facts)).items():
        old, new = getattr(current, name), getattr(report.facts, name)
        if old == absent and not isinstance(absent, bool):  # False was said, too
            known[name] = new
        elif name == "commit":
            known[name] = _commit(current, old, new, leads=leads)
        elif leads:
            known[name] = _merge(old, new, absent=absent)
    return known


def _times(current: Record, report: AnyReport[Any], *, leads: bool) -> dict[str, Any]:
    """A start is the earliest that was told, an end the leading one. Clocks differ: no start lies after the end."""
    starts = [when for when in (current.started_at, report.started_at) if when is not None]
    known: dict[str, Any] = {"started_at": min(starts, default=None)}
    for name in ("finished_at", "settled_at"):
        told = getattr(report, name, None)
        if told is not None and (leads or getattr(current, name) is None):
            known[name] = told
    end = known.get("finished_at", current.finished_at)
    if starts and end is not None and min(starts) > end:
        known["started_at"] = None
    return known


@cache
def _optional(facts: type[Subject]) -> Mapping[str, Any]:
    """The facts that may be absent, each with its value then."""
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in facts.model_fields.items()
        if not field.is_required()
    }


def _commit(current: Record, old: str, new: str | None, *, leads: bool) -> str:
    """The longer spelling of the same; of two different ones the leading, but a build is of one commit only."""
    if new is None:
        return old
    if same_commit(old, new):
        return max(old, new, key=len)
    return new if leads and not isinstance(current, Build) else old


def _merge(old: Any, new: Any, *, absent: Any) -> Any:
    if isinstance(old, Links):
        return old.model_copy(update=new.model_dump(exclude_none=True))
    if isinstance(old, dict):
        return {**old, **new}
    if isinstance(old, bool):
        return new
    return old if new == absent else new
