"""Products by environments: what runs where, how the last attempt went, and where environments differ. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from deploytrail.record.running import Latest, Running, Tried
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
    tried: Mapping[str, Tried]
    """Where nothing is known to run; both by environment."""
    drifts: bool
    """Whether its environments run different versions."""

    @property
    def open(self) -> int:
        """In how many environments a deployment is in progress."""
        latest = *(each.latest for each in self.running.values()), *(each.latest for each in self.tried.values())
        return sum(each is not None and not each.status.terminal for each in latest)

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


def matrix(running: Iterable[Running], tried: Iterable[Tried]) -> Matrix:
    """Of what runs, and of what was tried where nothing runs."""
    known: defaultdict[str, dict[str, Running]] = defaultdict(dict)
    for each in running:
        known[each.product][each.environment] = each
    vacant: defaultdict[str, dict[str, Tried]] = defaultdict(dict)
    for attempt in tried:
        if attempt.environment not in known.get(attempt.product, ()):
            vacant[attempt.product][attempt.environment] = attempt
    there = {environment for at in (known, vacant) for places in at.values() for environment in places}
    environments = tuple(sorted(there, key=_rank))
    rows = (
        Row(product, environments, known.get(product, {}), vacant.get(product, {}), _drifts(known.get(product, {})))
        for product in sorted(known.keys() | vacant.keys(), key=lambda name: (name.lower(), name))
    )
    return Matrix(environments, tuple(rows))


def _newest(running: Mapping[str, Running]) -> Running | None:
    return max(running.values(), key=attrgetter("since"), default=None)


def _drifts(running: Mapping[str, Running]) -> bool:
    return _label(_newest(running)) is not None and len({_label(each) for each in running.values()} - {None}) > 1


def _cell(place: Place, here: Running | None, tried: Tried | None, newest: Running | None) -> Cell:
    environment, product = place
    label, ahead = _label(here), _label(newest)
    differs = label is not None and ahead is not None and label != ahead
    latest = here.latest if here is not None else tried.latest if tried is not None else None
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
