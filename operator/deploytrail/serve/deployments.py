"""GET /api/v1/deployments and one of them by its id."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from deploytrail.errors import Unavailable
from deploytrail.mapping.times import parse_instant
from deploytrail.record import query
from deploytrail.record.model import Source, Status
from deploytrail.serve.cursor import from_cursor, to_cursor
from deploytrail.serve.views import DeploymentDetail, DeploymentList, to_detail, to_item
from deploytrail.stores.base import Store

T = TypeVar("T")

ANSWER_SECONDS = 8.0
"""How long a question may wait for the store."""

When = Annotated[datetime, BeforeValidator(parse_instant)]


def _is_cursor(text: str) -> str:
    from_cursor(text)
    return text


_EXAMPLE_TIME = "2026-11-01T00:00:00Z"


class Filters(BaseModel):
    """What may be asked; a misspelt name is an error, not all deployments."""

    model_config = ConfigDict(extra="forbid")

    product: str | None = Field(None, description="Only this product.", examples=["hivelai/webhook-logger"])
    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    status: Status | None = Field(None, description="Only this status.")
    source: Source | None = Field(None, description="Only what came through this door.")
    counted: bool | None = Field(None, description="Only what DORA metrics count, or do not.")
    since: When | None = Field(None, description="Only what happened at or after this time.", examples=[_EXAMPLE_TIME])
    until: When | None = Field(None, description="Only what happened before this time.", examples=[_EXAMPLE_TIME])
    limit: int = Field(100, ge=1, le=1000, description="How many to answer at most.")
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None, max_length=1000, description="The `next` of the page before."
    )


def deployment_routes(store: Store, *, may_read: Callable[..., Awaitable[None]]) -> APIRouter:
    """The routes, for keys that may read."""
    router = APIRouter(
        prefix="/api/v1/deployments",
        tags=["deployments"],
        dependencies=[Depends(may_read)],
        responses={401: {"description": "No key, or not one that may read."}, 503: {"description": "Try later."}},
    )

    @router.get("", summary="Deployments, newest first")
    async def find(filters: Annotated[Filters, Query()]) -> DeploymentList:
        asked = query.Query(
            **filters.model_dump(exclude={"cursor"}),
            before=from_cursor(filters.cursor) if filters.cursor is not None else None,
        )
        page = await _in_time(store.find(asked))
        return DeploymentList(
            items=tuple(map(to_item, page.items)),
            next=to_cursor(page.next) if page.next is not None else None,
        )

    @router.get("/{deployment_id}", summary="One deployment", responses={404: {"description": "There is none."}})
    async def get(
        deployment_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")],
    ) -> DeploymentDetail:
        deployment = await _in_time(store.get(deployment_id))
        if deployment is None:
            raise HTTPException(404, "There is no such deployment")
        return to_detail(deployment)

    return router


async def _in_time(asking: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asking
    except TimeoutError as error:
        raise Unavailable("the store did not answer in time") from error
