"""Records in a dict, for as long as the process lives: what ``replay`` and pure tests write to. Never a setting."""

from datetime import UTC, datetime

from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.model import Deployment, Report
from deploytrail.record.query import Page, Query, matches, page, sort_key
from deploytrail.stores.base import Outcome, decided


class MemoryStore:
    """The port, kept in one dict."""

    def __init__(self, *, began: datetime | None = None) -> None:
        self._began = began or datetime.min.replace(tzinfo=UTC)
        self._deployments: dict[str, Deployment] = {}

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def record(self, report: Report) -> Outcome:
        """See Store."""
        decision = decide(self._deployments.get(report.id), report)
        if isinstance(decision, Create | Advance):
            self._deployments[report.id] = decision.deployment
        return decided(decision)

    async def get(self, deployment_id: str) -> Deployment | None:
        """See Store."""
        return self._deployments.get(deployment_id)

    async def find(self, query: Query) -> Page:
        """See Store."""
        found = sorted((d for d in self._deployments.values() if matches(query, d)), key=sort_key, reverse=True)
        return page(query, found)

    async def began(self) -> datetime:
        """See Store."""
        return self._began

    async def check(self) -> None:
        """A dict is never away."""
