"""GET /api/v1/environments: what runs where."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as Parameter
from pydantic import BaseModel, Field

from deploytrail.record.running import Running, merged
from deploytrail.serve.asking import in_time, router
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store


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
    previous: str | None = Field(description="The last other version that ran here; null when none was recorded.")


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
        recorded = await in_time(store.running(environment))
        before = [each for each in found() if environment in (None, each.environment)]
        items = (RunningItem.model_validate(each, from_attributes=True) for each in merged(recorded, before))
        return RunningList(items=tuple(items))

    return routes
