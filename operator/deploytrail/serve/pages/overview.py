"""The first page: what runs where."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.running import Running, Tried, merged, running_among
from deploytrail.serve.asking import in_time
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.matrix import Cell, Row, matrix
from deploytrail.serve.pages.rendering import Templates, ago, root_of
from deploytrail.serve.pages.visitors import Visitor
from deploytrail.stores.base import Store

MOST_ROWS = 60
"""Products on one page: nobody looks over more at once, and a cell takes up to 50 µs to write."""


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
    clock: Callable[[], datetime],
    *,
    templates: Templates,
    live: Live,
    may_read: Callable[..., Awaitable[Visitor]],
) -> None:
    """Add the route. ``found`` is what ran before anything was recorded."""
    cell = templates.macro("cell.html", "cell")  # everybody looks at the same ones, and few have changed

    @routes.get("/", dependencies=[Depends(may_read)])
    async def overview(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        word, now, root = await live.word(), clock(), root_of(request)

        def written(each: Cell) -> Markup:
            times = each.since, each.attempt.at if each.attempt is not None else None
            return cell(each, root, *(ago(when, now) if when is not None else "" for when in times))

        places = await in_time(store.places())
        tried = (each for each in places if isinstance(each, Tried))
        shown = matrix(merged(running_among(places), found()), tried)
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
            written=written,
            environments=shown.environments,
            rows=rows[begin : begin + MOST_ROWS],
            begin=begin,
            matching=len(rows),
            number=number,
            pages=pages,
            everything=len(shown.rows),
            drifting=sum(row.drifts for row in shown.rows),
            open=sum(row.open for row in shown.rows),
        )


def _wanted(row: Row, filters: Filters) -> bool:
    if filters.q.strip().lower() not in row.product.lower():
        return False
    if filters.environment and not row.is_in(filters.environment):
        return False
    return row.drifts or not filters.drift
