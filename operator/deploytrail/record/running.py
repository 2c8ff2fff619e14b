"""What runs where: the newest success of every product in every environment, and what ran before it."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import happened_at


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest deployment to a place, however it stands."""

    deployment_id: str
    version: str | None
    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """One product in one environment. Small: there is one for every Application."""

    product: str
    environment: str
    version: str | None
    commit: str | None
    since: datetime
    """When it was deployed."""
    deployed_by: str | None
    deployment_id: str | None
    """None where it was there before Deploytrail: nothing was recorded."""
    previous: str | None = None
    """The last other version that ran here; None when none was recorded."""
    latest: Latest | None = None
    """Of the newest deployment, which may have failed or be under way; None where nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One product in one environment where nothing is known to run, though it was tried."""

    product: str
    environment: str
    latest: Latest


Spot: TypeAlias = tuple[str, str]
"""Product and environment."""
_Placed: TypeAlias = tuple[datetime, str]


def merged(recorded: Iterable[Running], found: Iterable[Running]) -> list[Running]:
    """By environment and product. ``found`` is what ran before anybody recorded; a newer record takes its place."""
    newest: dict[tuple[str, str], Running] = {}
    for each in (*found, *recorded):
        place = each.environment, each.product
        if place not in newest or newest[place].since <= each.since:
            newest[place] = each
    return [newest[place] for place in sorted(newest)]


def running_among(places: Iterable[Running | Tried]) -> tuple[Running, ...]:
    """Those where something is known to run."""
    return tuple(each for each in places if isinstance(each, Running))


def tells(deployment: Deployment) -> bool:
    """Whether it says what runs: a full one that ended well. Of a failed one nobody knows how far it came."""
    return deployment.status is Status.COMPLETED and not deployment.partial


def running_of(deployment: Deployment, previous: str | None = None, latest: Latest | None = None) -> Running:
    """What runs since then, if nothing came after."""
    return Running(
        product=deployment.product,
        environment=deployment.environment,
        version=deployment.version,
        commit=deployment.commit,
        since=happened_at(deployment),
        deployed_by=deployment.deployed_by,
        deployment_id=deployment.id,
        previous=previous,
        latest=latest,
    )


def latest_of(deployment: Deployment) -> Latest:
    """As it stands."""
    return Latest(deployment.id, deployment.version, deployment.status, happened_at(deployment))


class Standings:
    """What runs where, out of records in memory; told of every change of a deployment."""

    def __init__(self) -> None:
        self._by_id: dict[str, Deployment] = {}
        self._places: defaultdict[Spot, list[_Placed]] = defaultdict(list)
        self._known: dict[Spot, Running | Tried | None] = {}
        """What was answered of a place since it last changed: it is asked for far more often."""

    def put(self, before: Deployment | None, after: Deployment | None) -> None:
        """A deployment came (no ``before``), changed or went (no ``after``)."""
        if before is not None and self._by_id.pop(before.id, None) is not None:
            places = self._places[self._changed(before)]
            del places[bisect_left(places, _placed(before))]
        if after is not None:
            self._by_id[after.id] = after
            insort(self._places[self._changed(after)], _placed(after))

    def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        """What is known of each, by environment and product."""
        spots = sorted((spot for spot in self._places if environment in (None, spot[1])), key=lambda spot: spot[::-1])
        return tuple(found for spot in spots if (found := self._at(spot)) is not None)

    def _changed(self, deployment: Deployment) -> Spot:
        """Where it is: there something else is known now."""
        spot = deployment.product, deployment.environment
        self._known.pop(spot, None)
        return spot

    def _at(self, spot: Spot) -> Running | Tried | None:
        if spot not in self._known:
            self._known[spot] = self._found(spot, self._places[spot])
        return self._known[spot]

    def _found(self, spot: Spot, placed: list[_Placed]) -> Running | Tried | None:
        if not placed:
            return None
        latest = latest_of(self._by_id[placed[-1][1]])
        told = (each for _, name in reversed(placed) if tells(each := self._by_id[name]))
        current = next(told, None)
        if current is None:
            return Tried(*spot, latest)
        previous = next((each.version for each in told if each.version != current.version), None)
        return running_of(current, previous, latest)


def _placed(deployment: Deployment) -> _Placed:
    return happened_at(deployment), deployment.id
