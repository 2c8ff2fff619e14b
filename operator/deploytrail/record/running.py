"""What runs where: the newest success of every product in every environment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import happened_at


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


def running(deployments: Iterable[Deployment], found: Iterable[Running]) -> list[Running]:
    """By environment and product. ``found`` is what ran before anybody recorded; a newer record takes its place.

    Only full deployments that ended well say what runs: of a failed one nobody knows how far it came.
    """
    newest: dict[tuple[str, str], Running] = {}
    for each in (*found, *map(_of, filter(_tells, deployments))):
        place = each.environment, each.product
        if place not in newest or newest[place].since <= each.since:
            newest[place] = each
    return [newest[place] for place in sorted(newest)]


def _tells(deployment: Deployment) -> bool:
    return deployment.status is Status.COMPLETED and not deployment.partial


def _of(deployment: Deployment) -> Running:
    return Running(
        product=deployment.product,
        environment=deployment.environment,
        version=deployment.version,
        commit=deployment.commit,
        since=happened_at(deployment),
        deployed_by=deployment.deployed_by,
        deployment_id=deployment.id,
    )
