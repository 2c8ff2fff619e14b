"""What happened, newest first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from deploytrail.record.model import Source, Status
from deploytrail.record.query import Query as Question
from deploytrail.serve.asking import in_time
from deploytrail.serve.cursor import from_cursor, to_cursor
from deploytrail.serve.pages.entries import days
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.visitors import Visitor
from deploytrail.serve.views import judgement_views
from deploytrail.stores.base import Store

PAGE = 30
"""Deployments on one page: what came of each is told among its neighbours, which have to be read."""

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}


def _is_cursor(text: str) -> str:
    if text:
        from_cursor(text)
    return text


class Filters(BaseModel):
    """What may be asked of the timeline; what is empty in a form asks for everything."""

    model_config = ConfigDict(extra="forbid")

    product: str = Field("", max_length=512)
    environment: str = Field("", max_length=512)
    status: Status | Literal[""] = ""
    source: Source | Literal[""] = ""
    period: Literal["", "24h", "7d", "30d", "90d"] = ""
    before: Annotated[str, AfterValidator(_is_cursor)] = Field("", max_length=1000)

    def question(self, now: datetime) -> Question:
        """As the store understands it."""
        return Question(
            product=self.product.strip() or None,
            environment=self.environment.strip() or None,
            status=Status(self.status) if self.status else None,
            source=Source(self.source) if self.source else None,
            since=now - PERIODS[self.period] if self.period else None,
            before=from_cursor(self.before) if self.before else None,
            limit=PAGE,
        )


def timeline_routes(
    routes: APIRouter,
    store: Store,
    clock: Callable[[], datetime],
    *,
    templates: Templates,
    live: Live,
    may_read: Callable[..., Awaitable[Visitor]],
) -> None:
    """Add the route."""

    @routes.get("/timeline", dependencies=[Depends(may_read)])
    async def timeline(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        word = await live.word()  # before what it stands for, so that no change between the two is overlooked
        asked = filters.question(clock())
        # A note has no outcome: who asks for failures does not ask for notes.
        deployments, notes = await asyncio.gather(
            in_time(store.find(asked)),
            in_time(store.annotations.find(asked.model_copy(update={"limit": 1000}))),
        )
        return templates.render(
            request,
            "timeline.html",
            page="timeline",
            word=word,
            filters=filters,
            asked=filters.model_dump(exclude={"before"}),
            days=days(deployments, notes),
            judgements=await judgement_views(store, deployments.items),
            older=to_cursor(deployments.next) if deployments.next else "",
            statuses=list(Status),
            sources=list(Source),
            periods=PERIODS,
        )
