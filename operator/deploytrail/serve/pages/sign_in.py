"""The way in with a key, and out again."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from zlib import crc32

import structlog
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from deploytrail import telemetry
from deploytrail.keys.model import LONGEST, Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.pages.page_route import keep_session
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.sessions import COOKIE, seal
from deploytrail.serve.pages.visitors import Visitors, came_from_here

log = structlog.get_logger()

ATTEMPTS_PER_SECOND, ATTEMPTS_AT_ONCE = 0.5, 20
"""Of one address, on one replica. People behind a proxy share theirs."""

DOOR = "pages"
"""What is counted as refused here."""

_BUCKETS = 4096
"""Addresses share buckets, so that a great many of them take no memory."""

_PAGE = re.compile(r"(?!/)[A-Za-z0-9/_.~%?&=+,-]{0,2000}")
"""A relative address of ours: neither another host nor a scheme can be written with it."""


def sign_in_routes(
    routes: APIRouter, templates: Templates, visitors: Visitors, ring: KeyRing, clock: Callable[[], datetime]
) -> None:
    """Add the routes; nobody needs a session for them."""
    telemetry.KEYS_REFUSED.labels(DOOR)  # 0 from the start: an alert looks for an increase
    attempts = Rates(rate=ATTEMPTS_PER_SECOND, burst=ATTEMPTS_AT_ONCE)

    @routes.get("/signin")
    async def form(request: Request, page: Annotated[str, Query(alias="next")] = "") -> Response:
        return templates.render(request, "signin.html", page="signin", next=_ours(page), refused="")

    @routes.post("/signin")
    async def sign_in(
        request: Request,
        key: Annotated[str, Form(max_length=LONGEST)] = "",
        page: Annotated[str, Form(alias="next")] = "",
    ) -> Response:
        _check_origin(request)
        who = str(crc32((request.client.host if request.client else "").encode()) % _BUCKETS)
        turn = attempts.take(who, clock())
        if turn is not None and turn.retry_after:
            wait = {"Retry-After": str(turn.retry_after)}
            raise HTTPException(429, f"Too many attempts: try again in {turn.retry_after} seconds", headers=wait)
        found = ring.find(key.strip(), scope=Scope.READ, now=clock())
        if found is None:
            telemetry.KEYS_REFUSED.labels(DOOR).inc()
            refused = "This key is not known, is no longer good, or lacks the scope read."
            return templates.render(
                request, "signin.html", status=401, page="signin", next=_ours(page), refused=refused
            )
        log.info("signed_in", key=found.name)
        response = RedirectResponse(f"./{_ours(page)}", 303)
        keep_session(response, seal(found, clock() + visitors.session), request, visitors)
        return response

    @routes.post("/signout")
    async def sign_out(request: Request) -> Response:
        _check_origin(request)
        response = RedirectResponse("./signin", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=visitors.is_secure(request))
        return response


def _ours(page: str) -> str:
    return page if _PAGE.fullmatch(page) else ""


def _check_origin(request: Request) -> None:
    if not came_from_here(request):
        raise HTTPException(403, "This form was sent from another site")
