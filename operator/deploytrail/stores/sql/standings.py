"""What runs in one place, as a row of ``places``: followed change by change, and read again where that does not do."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import happened_at
from deploytrail.record.running import Latest, Running, Standings, Tried, latest_of, running_among, running_of, tells


@dataclass(frozen=True, slots=True)
class Previous:
    """The newest deployment of another version than the one that runs."""

    version: str | None
    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one place."""

    latest: Latest | None = None
    current: Running | None = None
    previous: Previous | None = None


def followed(standing: Standing, before: Deployment | None, after: Deployment) -> Standing | None:
    """The standing after a deployment came or changed; None when the other deployments have to be looked at."""
    if before is not None and _upset(standing, before, after):
        return None
    at = happened_at(after), after.id
    latest, current, previous = standing.latest, standing.current, standing.previous
    if latest is None or latest.deployment_id == after.id or at > (latest.at, latest.deployment_id):
        latest = latest_of(after)
    if not tells(after):
        return Standing(latest, current, previous)
    if current is None:
        return Standing(latest, running_of(after), None)
    if at >= (current.since, current.deployment_id or ""):
        if after.version != current.version:
            previous = Previous(current.version, current.since, current.deployment_id or "")
        return Standing(latest, running_of(after), previous)
    if after.version != current.version and (previous is None or at >= (previous.at, previous.id)):
        previous = Previous(after.version, *at)
    return Standing(latest, current, previous)


def standing_of(deployments: Sequence[Deployment]) -> Standing:
    """Out of all deployments of a place, or enough of the newest (see ``enough``)."""
    standings = Standings()
    for each in deployments:
        standings.put(None, each)
    newest = max(deployments, key=lambda each: (happened_at(each), each.id), default=None)
    latest = latest_of(newest) if newest is not None else None
    (running,) = running_among(standings.places()) or (None,)
    if running is None:
        return Standing(latest)
    others = [each for each in deployments if tells(each) and each.version != running.version]
    other = max(others, key=lambda each: (happened_at(each), each.id), default=None)
    previous = Previous(other.version, happened_at(other), other.id) if other is not None else None
    return Standing(latest, replace(running, previous=None, latest=None), previous)


def enough(standing: Standing) -> bool:
    """Whether older deployments could not change it."""
    return standing.previous is not None


def to_text(standing: Standing) -> str:
    """As the column holds it."""
    latest, current, previous = standing.latest, standing.current, standing.previous
    return orjson.dumps(
        {
            "latest": asdict(latest) | {"at": to_rfc3339(latest.at)} if latest is not None else None,
            "current": _short(current) if current is not None else None,
            "previous": asdict(previous) | {"at": to_rfc3339(previous.at)} if previous is not None else None,
        }
    ).decode()


def from_text(text: str, product: str, environment: str) -> Standing:
    """The standing of a row."""
    said = orjson.loads(text)
    current, previous = said["current"], said["previous"]
    return Standing(
        _latest(said["latest"]),
        _running(current, product, environment) if current is not None else None,
        Previous(previous["version"], _time(previous["at"]), previous["id"]) if previous is not None else None,
    )


@lru_cache(maxsize=5000)
def place_from_text(text: str, product: str, environment: str) -> Running | Tried | None:
    """What a row answers; None when nothing is known of the place any more.

    Remembered: every place is looked at again and again, and few have changed meanwhile.
    """
    said = orjson.loads(text)
    current, previous, latest = said["current"], said["previous"], _latest(said["latest"])
    if current is None:
        return Tried(product, environment, latest) if latest is not None else None
    version = previous["version"] if previous is not None else None
    return _running(current, product, environment, version, latest)


def _running(
    said: dict[str, Any], product: str, environment: str, previous: str | None = None, latest: Latest | None = None
) -> Running:
    since, version, commit = _time(said["since"]), said["version"], said["commit"]
    by, record = said["deployed_by"], said["deployment_id"]
    return Running(product, environment, version, commit, since, by, record, previous, latest)


def _latest(said: dict[str, Any] | None) -> Latest | None:
    if said is None:
        return None
    return Latest(said["deployment_id"], said["version"], Status(said["status"]), _time(said["at"]))


def _upset(standing: Standing, before: Deployment, after: Deployment) -> bool:
    """Whether one that the standing names is not any more what it is named for."""
    same = (happened_at(before), before.version, before.environment, before.product) == (
        happened_at(after), after.version, after.environment, after.product,
    )  # fmt: skip
    later = happened_at(after) >= happened_at(before)
    latest, current, previous = standing.latest, standing.current, standing.previous
    if latest is not None and latest.deployment_id == before.id and not later:
        return True
    named = {each for each in (current and current.deployment_id, previous and previous.id) if each}
    return before.id in named and not (same and tells(after))


def _short(running: Running) -> dict[str, Any]:
    names = ("version", "commit", "deployed_by", "deployment_id")
    return {"since": to_rfc3339(running.since), **{name: getattr(running, name) for name in names}}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
