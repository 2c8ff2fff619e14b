"""The first page: what runs where."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.query import Query as Question
from deploytrail.record.running import Running, merged
from deploytrail.serve.asking import in_time
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.matrix import Row, matrix
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.visitors import Visitor
from deploytrail.stores.base import Store

MOST_ROWS = 60
"""Products on one page: a cell takes up to 50 µs to write, and nobody looks over more at once."""

RECENT = 100
"""Deployments among which those in progress are counted, and attempts found where nothing runs yet."""


class Filters(BaseModel):
    """What may be asked of the matrix; what is empty in a form asks for everything."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=512)
    environment: str = Field("", max_length=512)
    drift: bool = False
    page: int = Field(1, ge=1, le=1_000_000)


def overview_routes(
    routes: APIRouter,
    store: Store,
    found: Callable[[], Iterable[Running]],
    *,
    templates: Templates,
    live: Live,
    may_read: Callable[..., Awaitable[Visitor]],
) -> None:
    """Add the route. ``found`` is what ran before anything was recorded."""

    @routes.get("/", dependencies=[Depends(may_read)])
    async def overview(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        word = await live.word()
        recorded = await in_time(store.running())
        recent = (await in_time(store.find(Question(limit=RECENT)))).items
        shown = matrix(merged(recorded, found()), recent)
        rows = [row for row in shown.rows if _wanted(row, filters)]
        pages = max(1, -(-len(rows) // MOST_ROWS))
        number = min(filters.page, pages)
        begin = (number - 1) * MOST_ROWS
        return templates.render(
            request,
            "overview.html",
            page="overview",
            word=word,
            filters=filters,
            environments=shown.environments,
            rows=rows[begin : begin + MOST_ROWS],
            begin=begin,
            matching=len(rows),
            number=number,
            pages=pages,
            everything=len(shown.rows),
            drifting=sum(row.drifts for row in shown.rows),
            open=sum(not each.status.terminal for each in recent),
        )


def _wanted(row: Row, filters: Filters) -> bool:
    if filters.q.strip().lower() not in row.product.lower():
        return False
    if filters.environment and not row.is_in(filters.environment):
        return False
    return row.drifts or not filters.drift
