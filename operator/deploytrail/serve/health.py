"""For probes: is it alive, is it ready and if not since when."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from deploytrail.record.instant import to_rfc3339

PROBLEM_SECONDS = 2.0
"""How long the parts may think about whether they are ready; a probe gives up sooner or later too."""


class Readiness(Protocol):
    """What knows whether reports can be taken now."""

    async def problems(self) -> list[str]:
        """What is not ready, a sentence each; empty when all is."""


def health_routes(readiness: Readiness, clock: Callable[[], datetime]) -> APIRouter:
    """``/healthz`` and ``/readyz``; nobody needs a key for them."""
    router = APIRouter(tags=["health"])
    unready_since: datetime | None = None

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz", summary="Alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", summary="Ready", responses={503: {"description": "Not yet."}})
    async def readyz() -> JSONResponse:
        nonlocal unready_since
        problems = await _problems(readiness)
        if not problems:
            unready_since = None
            return JSONResponse({"status": "ready"})
        unready_since = unready_since or clock()
        body = {"status": "not ready", "since": to_rfc3339(unready_since), "problems": problems}
        return JSONResponse(body, status_code=503, headers={"Retry-After": "5"})

    return router


async def _problems(readiness: Readiness) -> list[str]:
    try:
        async with asyncio.timeout(PROBLEM_SECONDS):
            return await readiness.problems()
    except TimeoutError:
        return [f"the parts did not say within {PROBLEM_SECONDS:g} seconds whether they are ready"]
