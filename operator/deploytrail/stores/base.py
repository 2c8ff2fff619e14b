"""The port: what every store promises."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from deploytrail.record.lifecycle import Advance, Contradict, Create, Decision, Same
from deploytrail.record.model import Deployment, Report
from deploytrail.record.query import Page, Query


@dataclass(frozen=True, slots=True)
class Recorded:
    """The report is part of a durable record: a new one, or one that moved on."""

    deployment: Deployment
    created: bool


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The report added nothing; the record it repeats is durable."""

    deployment: Deployment


@dataclass(frozen=True, slots=True)
class Conflicting:
    """The report contradicts the record and changed nothing."""

    deployment: Deployment


Outcome: TypeAlias = Recorded | Duplicate | Conflicting


class Store(Protocol):
    """Keeps deployments. Any method raises Unavailable, and leaves nothing half-written, when the backend is away."""

    async def start(self) -> None:
        """Begin to connect. Returns at once: while the backend is away every other method raises Unavailable."""

    async def stop(self) -> None:
        """Let go of connections; everything acknowledged is already durable."""

    async def record(self, report: Report) -> Outcome:
        """Judge the report against its record and write the result, atomically.

        Returns only after the record is durable. Idempotent: the same report, twice or at once from two replicas,
        gives one record, and exactly one caller is told ``created``.
        """

    async def get(self, deployment_id: str) -> Deployment | None:
        """One record; never older than what this replica has acknowledged."""

    async def find(self, query: Query) -> Page:
        """Records newest first; never less than what this replica has acknowledged."""

    async def began(self) -> datetime:
        """Since when this installation records: noted durably at the first start, the same ever after."""

    async def check(self) -> None:
        """Raise Unavailable, saying since when, if a report could not be recorded now."""


def decided(decision: Decision) -> Outcome:
    """The outcome to answer once the decision has been written."""
    match decision:
        case Create(deployment):
            return Recorded(deployment, created=True)
        case Advance(deployment):
            return Recorded(deployment, created=False)
        case Same(deployment):
            return Duplicate(deployment)
        case Contradict(deployment):
            return Conflicting(deployment)
