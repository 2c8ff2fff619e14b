"""Products by environments: what runs where, how the last attempt went, and where environments differ. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

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
    """One product."""

    product: str
    cells: tuple[Cell | None, ...]
    """As many as there are environments."""

    @property
    def drifts(self) -> bool:
        """Whether its environments run different versions."""
        return any(cell is not None and cell.differs_from is not None for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows by product, columns by environment."""

    environments: tuple[str, ...]
    rows: tuple[Row, ...]


def matrix(running: Iterable[Running], attempts: Iterable[Deployment]) -> Matrix:
    """``attempts`` are recent deployments in any order: where nothing runs yet, they are all there is."""
    known = {(each.environment, each.product): each for each in running}
    tried = {place: latest for place, latest in _tried(attempts).items() if place not in known}
    places = known.keys() | tried.keys()
    environments = tuple(sorted({environment for environment, _ in places}, key=_rank))
    newest = _newest_of_products(known.values())
    rows = []
    for product in sorted({product for _, product in places}, key=lambda name: (name.lower(), name)):
        at = [(environment, product) for environment in environments]
        cells = (_cell(place, known.get(place), tried.get(place), newest.get(product)) for place in at)
        rows.append(Row(product, tuple(cell if cell.label or cell.attempt or cell.since else None for cell in cells)))
    return Matrix(environments, tuple(rows))


def _tried(attempts: Iterable[Deployment]) -> Mapping[Place, Latest]:
    found: dict[Place, Latest] = {}
    for latest, place in ((latest_of(each), (each.environment, each.product)) for each in attempts):
        if place not in found or found[place].at < latest.at:
            found[place] = latest
    return found


def _newest_of_products(running: Iterable[Running]) -> Mapping[str, Running]:
    found: dict[str, Running] = {}
    for each in running:
        if each.product not in found or found[each.product].since < each.since:
            found[each.product] = each
    return found


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
