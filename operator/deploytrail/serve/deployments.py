"""GET /api/v1/deployments and one of them by its id."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from deploytrail.record.model import Status
from deploytrail.serve.asking import Asked, in_time, next_of, router
from deploytrail.serve.views import DeploymentDetail, DeploymentItem, DeploymentList, fields, report_views
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of deployments."""

    version: str | None = Field(None, description="Only this version.", examples=["1.2.3"])
    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    status: Status | None = Field(None, description="Only this status.")
    counted: bool | None = Field(None, description="Only what DORA metrics count, or do not.")


def deployment_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The routes, for keys that may read."""
    routes = router("/api/v1/deployments", "deployments", may_read)

    @routes.get("", summary="Deployments, newest first")
    async def find(filters: Annotated[Filters, Query()]) -> DeploymentList:
        page = await in_time(store.find(filters.query()))
        items = tuple(DeploymentItem.model_validate(fields(each)) for each in page.items)
        return DeploymentList(items=items, next=next_of(page))

    @routes.get("/{deployment_id}", summary="One deployment", responses={404: {"description": "There is none."}})
    async def get(
        deployment_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")],
    ) -> DeploymentDetail:
        """With every report it was made from: what was said, when, and with which key."""
        deployment = await in_time(store.get(deployment_id))
        reports = await in_time(store.deployments.reports(deployment_id))
        if deployment is None or reports is None:
            raise HTTPException(404, "There is no such deployment")
        return DeploymentDetail.model_validate(fields(deployment) | {"reports": report_views(reports)})

    return routes
