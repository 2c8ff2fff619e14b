"""GET /api/v1/gaps: where deployments are known to have happened that nobody saw."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record import query
from deploytrail.record.model import ApplicationRef, Deployment
from deploytrail.record.query import happened_at
from deploytrail.serve.answering import Listing, listed
from deploytrail.serve.asking import Asked, router
from deploytrail.serve.examples import GAP
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of gaps: what may be asked of the deployments after them."""

    environment: str | None = Field(None, description="Only this environment.", examples=["production"])

    def query(self) -> query.Query:
        """See Asked."""
        return super().query().model_copy(update={"missed": True})


class GapItem(BaseModel):
    """Deployments of one product to one environment that are lost, between two that are known."""

    model_config = ConfigDict(json_schema_extra={"examples": [GAP]})

    product: str
    environment: str
    missed: int = Field(description="How many are known to be lost.")
    before: Time = Field(description="When the next one that is known took place; they were before it.")
    deployment_id: str = Field(description="That one.")
    application: ApplicationRef | None
    recorded_at: Time = Field(description="When the gap was noticed.")


class GapList(BaseModel):
    """A page."""

    items: tuple[GapItem, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


def gap_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/gaps", "gaps", may_read)
    listing = Listing("gaps", store.find, lambda each: (_to_item(each),), GapItem, GapList)

    @routes.get("", summary="Known losses", response_model=GapList, responses=listed(GapItem, GAP))
    async def find(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        """Argo CD numbers its operations: where numbers are missing, nobody watched, and the history had no more."""
        return await listing.answer(request, filters)

    return routes


def _to_item(deployment: Deployment) -> GapItem:
    return GapItem(
        product=deployment.product,
        environment=deployment.environment,
        missed=deployment.missed_before,
        before=happened_at(deployment),
        deployment_id=deployment.id,
        application=deployment.application,
        recorded_at=deployment.created_at,
    )
