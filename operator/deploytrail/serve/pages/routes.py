"""The pages and what they need: files, a way in, and a stream of changes."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.record.running import Running
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.pages.dora import dora_page_routes
from deploytrail.serve.pages.dossier import dossier_routes
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.overview import overview_routes
from deploytrail.serve.pages.page_route import SignInNeeded, page_route
from deploytrail.serve.pages.rendering import VISITOR, Templates
from deploytrail.serve.pages.settings import PageSettings
from deploytrail.serve.pages.sign_in import sign_in_routes
from deploytrail.serve.pages.timeline import timeline_routes
from deploytrail.serve.pages.visitors import Visitor, Visitors
from deploytrail.stores.base import Store

FOR_EVER = "public, max-age=31536000, immutable"


def page_routes(
    store: Store,
    found: Callable[[], Iterable[Running]],
    *,
    settings: PageSettings,
    dora: DoraSettings,
    live: Live,
    ring: KeyRing,
    rates: Rates,
    clock: Callable[[], datetime],
) -> APIRouter:
    """Everything below ``/`` that a browser asks for. ``found`` is what ran before anything was recorded."""
    visitors = Visitors(settings, ring, clock)
    templates = Templates(clock, visitors)
    routes = APIRouter(route_class=page_route(templates, visitors), include_in_schema=False)

    async def may_read(request: Request) -> Visitor:
        visitor = visitors.of(request)
        if visitor is None:
            raise SignInNeeded
        allowance = rates.take(visitor.key.name, clock()) if visitor.key is not None else None
        if allowance is not None and allowance.retry_after:
            wait = {"Retry-After": str(allowance.retry_after)}
            raise HTTPException(429, "There are too many requests with this key", headers=wait)
        request.scope[VISITOR] = visitor
        return visitor

    overview_routes(routes, store, found, clock, templates=templates, live=live, may_read=may_read)
    timeline_routes(routes, store, clock, templates=templates, live=live, may_read=may_read)
    dora_page_routes(routes, store, dora, clock, templates=templates, live=live, may_read=may_read)
    dossier_routes(routes, store, clock, templates=templates, live=live, may_read=may_read)
    sign_in_routes(routes, templates, visitors, ring, clock)
    _live_route(routes, live, visitors)
    _asset_route(routes, templates)
    return routes


def _live_route(routes: APIRouter, live: Live, visitors: Visitors) -> None:
    async def may_listen(request: Request) -> None:
        if visitors.of(request) is None:
            raise HTTPException(401, "Sign in first")
        if live.is_full:
            raise HTTPException(503, "Too many pages are open already", headers={"Retry-After": "30"})

    @routes.get("/events", response_class=EventSourceResponse, dependencies=[Depends(may_listen)])
    async def events(request: Request) -> AsyncIterator[ServerSentEvent]:
        async for word in live.follow(lambda: visitors.of(request) is not None):
            yield ServerSentEvent(event="changed", raw_data=word)
        yield ServerSentEvent(event="ended", raw_data="")


def _asset_route(routes: APIRouter, templates: Templates) -> None:
    served = {asset.name: asset for asset in templates.assets.values()}

    @routes.get("/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in served:
            raise HTTPException(404, "There is no such file")
        headers = {"Content-Type": served[name].media_type, "Cache-Control": FOR_EVER}
        return Response(served[name].content, headers=headers)
