"""What holds for every answer of the read API: it is measured, its head can be had alone, its errors are JSON and
quote nothing at length."""

from collections.abc import Mapping
from http import HTTPStatus
from time import perf_counter
from typing import Any

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploytrail import telemetry
from deploytrail.errors import Unavailable

log = structlog.get_logger()

_MOST_ERRORS = 10
_ONLY_HEAD = "deploytrail.only-head"


def only_head(scope: Scope) -> bool:
    """Whether nothing but the head of the answer will be sent."""
    return bool(scope.get(_ONLY_HEAD, False))


class Edge:
    """ASGI middleware: counts the time, and answers 500 for a defect of ours, logged without what was sent.

    HEAD is asked as GET; the server, which knows better, sends no body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, code = perf_counter(), 0
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", _ONLY_HEAD: True}

        async def watched(message: Message) -> None:
            nonlocal code
            code = message.get("status", code)
            await send(_allowing_head(message) if code == HTTPStatus.METHOD_NOT_ALLOWED else message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            log.error(  # noqa: TRY400 - a traceback may quote what was sent
                "question_failed", route=_route(scope), error=type(error).__name__, at=telemetry.place(error)
            )
            if code:
                raise
            await JSONResponse({"detail": "Internal server error"}, status_code=500)(scope, receive, watched)
        telemetry.HTTP_SECONDS.labels(_route(scope), str(code)).observe(perf_counter() - began)


def _allowing_head(message: Message) -> Message:
    """Where GET is allowed, so is HEAD."""
    allowed = {b"GET": b"GET, HEAD"}
    headers = [(k, allowed.get(v, v) if k == b"allow" else v) for k, v in message.get("headers", ())]
    return {**message, "headers": headers} if headers else message


async def on_invalid(_: Request, error: Exception) -> JSONResponse:
    """422 in the list form, at most ten errors, without the values that were sent."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    detail = [_told(each) for each in error.errors()[:_MOST_ERRORS]]
    return JSONResponse({"detail": detail}, status_code=422)


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    if error["type"] == "extra_forbidden":  # its name is the sender's, and may be a key that stands in the wrong place
        return {"loc": list(error["loc"][:-1]), "msg": "There is no such parameter", "type": error["type"]}
    return {"loc": list(error["loc"]), "msg": error["msg"], "type": error["type"]}


async def on_unavailable(_: Request, error: Exception) -> JSONResponse:
    """503, saying when to come back."""
    assert isinstance(error, Unavailable)  # noqa: S101 - as registered
    return JSONResponse({"detail": error.message}, status_code=503, headers={"Retry-After": str(error.retry_after)})


def _route(scope: Scope) -> str:
    """The pattern, never the path: what clients make up must not become metric labels."""
    return getattr(scope.get("route"), "path", "unmatched")
