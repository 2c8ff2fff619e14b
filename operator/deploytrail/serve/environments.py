"""GET /api/v1/environments: what runs where."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from deploytrail.record.model import Deployment, Status
from deploytrail.record.query import Query
from deploytrail.record.running import Running, running
from deploytrail.serve.asking import router
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store

PAGE = 1000


class RunningItem(BaseModel):
    """One product in one environment."""

    environment: str
    product: str
    version: str | None
    commit: str | None
    since: Time = Field(description="When it was deployed.")
    deployed_by: str | None
    deployment_id: str | None = Field(
        description="The record; null where it ran before Deploytrail did, so that nothing was recorded."
    )


class RunningList(BaseModel):
    """By environment and product."""

    items: tuple[RunningItem, ...]


def environment_routes(
    store: Store, found: Callable[[], Iterable[Running]], *, may_read: Callable[..., Awaitable[object]]
) -> APIRouter:
    """The route, for keys that may read. ``found`` is what ran before anything was recorded."""
    routes = router("/api/v1/environments", "environments", may_read)

    @routes.get("", summary="What runs where")
    async def find(
        environment: Annotated[str | None, Parameter(description="Only this environment.")] = None,
    ) -> RunningList:
        succeeded = await _all(store, Query(status=Status.COMPLETED, environment=environment, limit=PAGE))
        before = [each for each in found() if environment in (None, each.environment)]
        items = (RunningItem.model_validate(each, from_attributes=True) for each in running(succeeded, before))
        return RunningList(items=tuple(items))

    return routes


async def _all(store: Store, query: Query) -> list[Deployment]:
    deployments: list[Deployment] = []
    while True:
        page = await store.find(query)
        deployments.extend(page.items)
        if page.next is None:
            return deployments
        query = query.model_copy(update={"before": page.next})
