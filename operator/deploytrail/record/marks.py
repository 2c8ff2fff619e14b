"""Marks: what a person says of a deployment that no source could know. Kept for ever, beside its reports."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from deploytrail.errors import Rejected
from deploytrail.record.model import Deployment, R
from deploytrail.record.values import Mark

MOST_MARKS = 100
"""Of one deployment: far more often than people change their minds."""

UNMARKED = Mark(at=datetime.min.replace(tzinfo=UTC), by="")


def current(marks: Iterable[Mark]) -> Mark:
    """The one that holds."""
    *_, last = (UNMARKED, *marks)
    return last


def marked(deployment: Deployment, said: Mark) -> Deployment:
    """The deployment with what was ``said`` of it; itself when nothing new was, so that saying it twice is harmless.

    Fields that ``said`` does not set stay as they are; set to None they are given back to the sources. Rejected when
    it was marked too often.
    """
    before = current(deployment.marks)
    after = before.model_copy(update={name: getattr(said, name) for name in said.model_fields_set})
    if _content(after) == _content(before):
        return deployment
    if len(deployment.marks) >= MOST_MARKS:
        raise Rejected(f"{deployment.id} was marked {MOST_MARKS} times already", reason="too-large")
    return deployment.model_copy(update=_changes(deployment, (*deployment.marks, after)))


def with_marks_of(record: R, other: R) -> R:
    """The record with the marks of the one in whose place it is put: they are of no report."""
    if not isinstance(record, Deployment) or not isinstance(other, Deployment) or record.marks == other.marks:
        return record
    return record.model_copy(update=_changes(record, other.marks))


def _content(mark: Mark) -> tuple[Any, ...]:
    return mark.failure, mark.counted, mark.comment


def _changes(deployment: Deployment, marks: tuple[Mark, ...]) -> dict[str, Any]:
    return {"marks": marks, "updated_at": max((deployment.updated_at, *(mark.at for mark in marks)))}
