"""How many deployments there ever were, and how long they took: counts by place that can be added to. Pure.

A place is one product in one environment.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from deploytrail.record.model import Deployment, Status

BOUNDS = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600)
"""Seconds: a deployment that took no longer than one of them is counted there; a longer one beyond the last."""

SECONDS, MISSED = "seconds", "missed"
TOOK = tuple(f"took-{number}" for number in range(len(BOUNDS) + 1))
"""Names of counts: all the seconds that deployments took, how many were missed, and how many took how long. A count of
a status is called as that."""

OPEN = tuple(status for status in Status if not status.terminal)
ENDED = tuple(status for status in Status if status.terminal)

Counts: TypeAlias = Mapping[str, int]
"""By name; one that is not there is 0."""


class Place(NamedTuple):
    """One product in one environment."""

    product: str
    environment: str


Totals: TypeAlias = Mapping[Place, Counts]


def place_of(deployment: Deployment) -> Place:
    """Where it is counted."""
    return Place(deployment.product, deployment.environment)


def counts_of(deployment: Deployment) -> dict[str, int]:
    """What one deployment adds."""
    counts = {deployment.status.value: 1}
    if deployment.missed_before:
        counts[MISSED] = deployment.missed_before
    duration = deployment.duration
    if deployment.status.terminal and duration is not None:
        seconds = duration.total_seconds()
        counts |= {SECONDS: round(seconds), TOOK[bisect_left(BOUNDS, seconds)]: 1}
    return counts


def difference(before: Deployment | None, after: Deployment) -> dict[str, int]:
    """What is to be added when a deployment came (no ``before``) or changed; it may be less than nothing."""
    changes = counts_of(after)
    for name, count in (counts_of(before) if before is not None else {}).items():
        changes[name] = changes.get(name, 0) - count
    return {name: count for name, count in changes.items() if count}


def add(sums: dict[str, int], more: Counts) -> None:
    """Add to counts."""
    for name, count in more.items():
        sums[name] = sums.get(name, 0) + count


def tally(totals: dict[Place, dict[str, int]], deployments: Iterable[Deployment]) -> None:
    """Count them in."""
    for deployment in deployments:
        add(totals.setdefault(place_of(deployment), {}), counts_of(deployment))
