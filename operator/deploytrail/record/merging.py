"""One record as two stores know it, as during a move from one to the other: what either was told is kept.

Pure. Nothing is reopened, no report is told twice, and what leads stays: the state that is further, else the newer one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploytrail.record.model import R, Record
from deploytrail.record.values import Links, Mark, Telling
from deploytrail.record.version import same_commit

_OF_THE_RECORD = frozenset({"id", "created_at", "updated_at", "tellings", "marks", "attempt", "resource", "source"})
"""What is no fact that a report tells: it stays, or is put together here."""

_SAID_BY_THE_LEADING = frozenset({"status", "reason", "counted", "partial"})
"""What the other one's word is not asked for, though it may be absent."""


def merged(kept: R, other: R) -> R:
    """``kept`` with what ``other`` knows besides; ``kept`` itself when that is nothing.

    New tellings are appended, so that those there are keep their places. When it has them all, ``other`` is what they
    come to; when each has some of its own, the one that leads, and of the rest what only the other one knows.
    """
    new, marks = _beyond(other.tellings, kept.tellings), _marks(kept, other)
    if not new and marks == getattr(kept, "marks", ()):
        return kept
    changes: dict[str, Any] = {"updated_at": max(kept.updated_at, other.updated_at)}
    if marks:
        changes["marks"] = marks
    if new:
        changes |= {**_judged(kept, other), "tellings": (*kept.tellings, *new)}
    return kept.model_copy(update=changes)


def _judged(kept: R, other: R) -> dict[str, Any]:
    """What is known of the two together, when ``other`` was told something that ``kept`` was not."""
    if not _beyond(kept.tellings, other.tellings):
        return {name: getattr(other, name) for name in _facts_of(other)}
    leads, follows = (other, kept) if _reach(other) > _reach(kept) else (kept, other)
    return _facts(leads, follows)


def _facts_of(record: Record) -> set[str]:
    return set(type(record).model_fields) - _OF_THE_RECORD


def _beyond(tellings: tuple[Telling, ...], known: tuple[Telling, ...]) -> tuple[Telling, ...]:
    """Those whose content is not known."""
    heard = {telling.fingerprint for telling in known}
    return tuple(telling for telling in tellings if telling.fingerprint not in heard)


def _reach(record: Record) -> tuple[int, datetime]:
    """How far it has come, and when it did so last."""
    rank = record.status.rank
    return rank, max((each.at for each in record.tellings if each.status.rank == rank), default=record.created_at)


def _facts(leads: R, follows: R) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name in _facts_of(leads):
        field = type(leads).model_fields[name]
        absent = None if field.is_required() else field.get_default(call_default_factory=True)
        known[name] = _either(name, getattr(leads, name), getattr(follows, name), absent)
    earliest = min((each.started_at for each in (leads, follows) if each.started_at is not None), default=None)
    end = known["finished_at"]
    if earliest is not None and (end is None or earliest <= end):
        known["started_at"] = earliest
    return known


def _either(name: str, leading: Any, other: Any, absent: Any) -> Any:
    if name == "commit" and leading is not None and other is not None and same_commit(leading, other):
        return max(leading, other, key=len)
    if isinstance(leading, Links):
        return other.model_copy(update=leading.model_dump(exclude_none=True))
    if isinstance(leading, Mapping):
        return {**other, **leading}
    return other if leading == absent and name not in _SAID_BY_THE_LEADING else leading


def _marks(kept: Record, other: Record) -> tuple[Mark, ...]:
    """What people said, in the order in which they did."""
    ours, theirs = getattr(kept, "marks", ()), getattr(other, "marks", ())
    new = [mark for mark in theirs if mark not in ours]
    return tuple(sorted((*ours, *new), key=lambda mark: mark.at)) if new else ours
