"""Products by environments: what runs where, how the last attempt went, and where environments differ. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from deploytrail.record.model import Deployment
from deploytrail.record.running import Latest, Running, latest_of
from deploytrail.serve.pages.words import short

_ORDER = (
    ("local", "sandbox", "preview", "dev", "develop", "development"),
    ("ci", "test", "testing", "qa", "int", "integration", "uat"),
    ("stage", "staging", "stg"),
    ("preprod", "pre", "canary", "beta"),
    ("prod", "production", "prd", "live"),
)
"""Words in names of environments, in the order in which versions usually go through them."""

_UNKNOWN_RANK = 2

Place = tuple[str, str]
"""Environment and product."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One product in one environment."""

    environment: str
    product: str
    label: str | None
    """The version that runs, else the commit; None where nothing is known to run."""
    since: datetime | None
    deployed_by: str | None
    deployment_id: str | None
    previous: str | None
    """The last other version that ran here."""
    attempt: Latest | None
    """The last deployment that was tried, where it is not what runs."""
    differs_from: tuple[str, str] | None
    """Version and environment of the product's newest deployment, where that is another version."""


@dataclass(frozen=True, slots=True)
class Row:
    """One product. Its cells are made when they are asked for: a page shows few of all rows."""

    product: str
    environments: tuple[str, ...]
    """All of the matrix."""
    running: Mapping[str, Running]
    tried: Mapping[str, Latest]
    """The last attempt where nothing is known to run; both by environment."""
    drifts: bool
    """Whether its environments run different versions."""

    def is_in(self, environment: str) -> bool:
        """Whether anything is known of it there."""
        return environment in self.running or environment in self.tried

    def cells(self) -> Iterator[Cell | None]:
        """As many as there are environments."""
        newest = _newest(self.running)
        for environment in self.environments:
            here, tried = self.running.get(environment), self.tried.get(environment)
            yield _cell((environment, self.product), here, tried, newest) if here or tried else None


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows by product, columns by environment."""

    environments: tuple[str, ...]
    rows: tuple[Row, ...]


def matrix(running: Iterable[Running], attempts: Iterable[Deployment]) -> Matrix:
    """``attempts`` are recent deployments in any order: where nothing runs yet, they are all there is."""
    known: defaultdict[str, dict[str, Running]] = defaultdict(dict)
    for each in running:
        known[each.product][each.environment] = each
    tried: defaultdict[str, dict[str, Latest]] = defaultdict(dict)
    for (environment, product), latest in _tried(attempts).items():
        if environment not in known.get(product, ()):
            tried[product][environment] = latest
    there = {environment for at in (known, tried) for places in at.values() for environment in places}
    environments = tuple(sorted(there, key=_rank))
    rows = (
        Row(product, environments, known.get(product, {}), tried.get(product, {}), _drifts(known.get(product, {})))
        for product in sorted(known.keys() | tried.keys(), key=lambda name: (name.lower(), name))
    )
    return Matrix(environments, tuple(rows))


def _tried(attempts: Iterable[Deployment]) -> Mapping[Place, Latest]:
    found: dict[Place, Latest] = {}
    for latest, place in ((latest_of(each), (each.environment, each.product)) for each in attempts):
        if place not in found or found[place].at < latest.at:
            found[place] = latest
    return found


def _newest(running: Mapping[str, Running]) -> Running | None:
    return max(running.values(), key=attrgetter("since"), default=None)


def _drifts(running: Mapping[str, Running]) -> bool:
    return _label(_newest(running)) is not None and len({_label(each) for each in running.values()} - {None}) > 1


def _cell(place: Place, here: Running | None, tried: Latest | None, newest: Running | None) -> Cell:
    environment, product = place
    label, ahead = _label(here), _label(newest)
    differs = label is not None and ahead is not None and label != ahead
    latest = here.latest if here is not None else tried
    return Cell(
        environment=environment,
        product=product,
        label=label,
        since=here.since if here else None,
        deployed_by=here.deployed_by if here else None,
        deployment_id=here.deployment_id if here else None,
        previous=here.previous if here else None,
        attempt=latest if latest and (here is None or latest.deployment_id != here.deployment_id) else None,
        differs_from=(ahead, newest.environment) if differs and newest is not None and ahead is not None else None,
    )


def _label(running: Running | None) -> str | None:
    return (running.version or short(running.commit)) if running is not None else None


def _rank(environment: str) -> tuple[int, str]:
    words = re.split(r"[^a-z]+", environment.lower())
    ranks = (rank for rank, known in enumerate(_ORDER) for word in words if word in known)
    return next(ranks, _UNKNOWN_RANK), environment
