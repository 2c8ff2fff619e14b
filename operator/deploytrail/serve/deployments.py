"""GET /api/v1/deployments and one of them by its id."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from deploytrail.record.model import Deployment, Status
from deploytrail.serve.answering import ONE, Listing, answer_record, listed
from deploytrail.serve.asking import Asked, in_time, router
from deploytrail.serve.examples import DEPLOYMENT
from deploytrail.serve.views import DeploymentDetail, DeploymentItem, DeploymentList, fields, judgement_views
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of deployments."""

    version: str | None = Field(None, description="Only this version.", examples=["1.2.3"])
    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    status: Status | None = Field(None, description="Only this status.")
    counted: bool | None = Field(
        None, description="Only what DORA metrics count, or do not: by its verdict, its source and what people said."
    )


def deployment_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The routes, for keys that may read."""
    routes = router("/api/v1/deployments", "deployments", may_read)
    listing = Listing("deployments", store.find, lambda each: (to_item(each),), DeploymentItem, DeploymentList)

    @routes.get("", summary="Deployments", response_model=DeploymentList, responses=listed(DeploymentItem, DEPLOYMENT))
    async def find(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        """What was deployed, when, where, by whom, and how it ended."""
        return await listing.answer(request, filters)

    @routes.get("/{deployment_id}", summary="One deployment", response_model=DeploymentDetail, responses=ONE)
    async def get(
        request: Request, deployment_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")]
    ) -> Response:
        """With its whole history, every report it was made from (what was said, when, and with which key), and what
        DORA's metrics make of it.
        """
        deployment = await in_time(store.get(deployment_id))
        views = await judgement_views(store, [deployment]) if deployment is not None else {}
        return await answer_record(
            request,
            deployment,
            store.deployments.reports,
            DeploymentDetail,
            what="deployment",
            judgement=views.get(deployment_id),
        )

    return routes


def to_item(deployment: Deployment) -> DeploymentItem:
    """The deployment as lists show it."""
    return DeploymentItem.model_validate(fields(deployment))
