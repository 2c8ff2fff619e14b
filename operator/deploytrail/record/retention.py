"""Which records may go. Kept, whatever the rule: what is open, what runs where, and what a restart starts from.

Nothing here depends on the order in which records are given.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from deploytrail.record.model import Deployment, Record, Status
from deploytrail.record.query import happened_at, sort_key


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept. None: everything."""

    age: timedelta | None = None
    """How long after a record was made, or after its end, if that was later."""
    count: int | None = None
    """How many of one type, product and environment, at least 1; the oldest go first."""

    @property
    def keeps_all(self) -> bool:
        """Whether nothing ever goes."""
        return self.age is None and self.count is None


class Why(StrEnum):
    """Why a record may go."""

    AGE = "age"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Expired:
    """A record that may go."""

    id: str
    type: type[Record]
    why: Why


def expired(records: Iterable[Record], rule: Retention, *, now: datetime) -> list[Expired]:
    """What the rule lets go of, oldest first. All records of a type have to be given for it to be true."""
    everything = sorted(records, key=sort_key, reverse=True)
    held = _held(everything)
    found = []
    places: dict[tuple[Any, ...], int] = {}
    for record in everything:
        place = type(record), record.product, getattr(record, "environment", None)
        places[place] = places.get(place, 0) + 1
        why = _why(record, rule, number=places[place], now=now)
        if why is not None and record.status.terminal and record.id not in held:
            found.append(Expired(record.id, type(record), why))
    return found[::-1]


def lasted_until(record: Record) -> datetime:
    """When its age begins: it may have been open for long, and then it is not old."""
    return max(record.created_at, record.finished_at or record.created_at)


def _why(record: Record, rule: Retention, *, number: int, now: datetime) -> Why | None:
    if rule.age is not None and lasted_until(record) < now - rule.age:
        return Why.AGE
    return Why.COUNT if rule.count is not None and number > rule.count else None


def _held(newest_first: list[Record]) -> set[str]:
    """What runs in each place (see record.running), and the newest of each Application: its tracker goes on from it."""
    deployments = [record for record in newest_first if isinstance(record, Deployment)]
    return {*_running(deployments), *_newest_of_applications(deployments)}


def _running(deployments: list[Deployment]) -> Iterable[str]:
    newest: dict[tuple[str, str], Deployment] = {}
    for each in deployments:
        place = each.environment, each.product
        if each.status is not Status.COMPLETED or each.partial:
            continue
        if place not in newest or _ended(newest[place]) < _ended(each):
            newest[place] = each
    return (each.id for each in newest.values())


def _ended(deployment: Deployment) -> tuple[datetime, str]:
    return happened_at(deployment), deployment.id


def _newest_of_applications(newest_first: list[Deployment]) -> Iterator[str]:
    seen: set[str] = set()
    for each in newest_first:
        if each.application is not None and each.application.uid not in seen:
            seen.add(each.application.uid)
            yield each.id
