"""Who may ask: a key that is good behind the door it is presented at, as a bearer token."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from deploytrail import telemetry
from deploytrail.errors import Unavailable
from deploytrail.keys.model import Key, Scope
from deploytrail.keys.rates import Allowance, Rates
from deploytrail.keys.ring import KeyRing

BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="A key with the scope `read` or `admin`.")

_KEY = "deploytrail.key"
_UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Door:
    """A part of the paths, and what a key must be good for to get there: any of these scopes, over that API."""

    name: str
    path: str
    good: tuple[tuple[Scope, str | None], ...]

    def leads_to(self, path: str) -> bool:
        """Whether the path is here."""
        return path == self.path or path.startswith(f"{self.path}/")


ASKING = Door("read", "/api/v1", ((Scope.READ, None), (Scope.ADMIN, None)))


class Gate:
    """ASGI middleware: nothing behind a door without a key that is good there, and no more of it than the key's rate.

    Strangers, and those who look for what is not here, are refused before the framework spends on them what it spends
    on a question. ``paths`` are all that there are.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        doors: Iterable[Door],
        paths: Iterable[str],
        ring: KeyRing,
        rates: Rates,
        clock: Callable[[], datetime],
    ) -> None:
        self._app, self._doors, self._ring, self._rates, self._clock = app, tuple(doors), ring, rates, clock
        for door in self._doors:
            telemetry.KEYS_REFUSED.labels(door.name)  # 0 from the start: an alert looks for an increase
        self._known = re.compile("|".join(_pattern(path) for path in paths))

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._known.match(scope["path"]):
            await _refuse(send, 404, "Not Found", route=_UNMATCHED)
            return
        door = next((door for door in self._doors if door.leads_to(scope["path"])), None)
        if door is None:
            await self._app(scope, receive, send)
            return
        now = self._clock()
        try:
            key = self._find(door, _bearer(scope), now)
        except Unavailable as error:
            await _refuse(send, 503, error.message, _retry(error.retry_after), route=door.path)
            return
        if key is None:
            telemetry.KEYS_REFUSED.labels(door.name).inc()
            await _refuse(send, 401, "Invalid API key", (b"www-authenticate", b"Bearer"), route=door.path)
            return
        allowance = self._rates.take(key.name, now)
        if allowance is not None and allowance.retry_after:
            more = (_retry(allowance.retry_after), *allowance.headers)
            await _refuse(send, 429, "too many requests with this key", *more, route=door.path)
            return
        scope[_KEY] = key
        await self._app(scope, receive, send if allowance is None else _telling(allowance, send))

    def _find(self, door: Door, presented: str | None, now: datetime) -> Key | None:
        found = (self._ring.find(presented, scope=scope, api=api, now=now) for scope, api in door.good)
        return next(filter(None, found), None)


async def admitted(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None) -> Key:
    """A dependency: the key of the request, which is good behind the door."""
    key: Key | None = request.scope.get(_KEY)
    if key is None:
        raise HTTPException(401, "Invalid API key", headers={"WWW-Authenticate": "Bearer"})
    return key


def require(scope: Scope) -> Callable[..., Awaitable[Key]]:
    """A dependency: the key of the request, which has this scope; 403 when it has not."""

    async def check(key: Annotated[Key, Depends(admitted)]) -> Key:
        if scope not in key.scopes:
            raise HTTPException(403, f"this key lacks the scope {scope}")
        return key

    return check


def _pattern(path: str) -> str:
    """As the framework matches it, without names for the parts."""
    return re.sub(r"\(\?P<\w+>", "(?:", compile_path(path)[0].pattern)


def _bearer(scope: Connection) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            return key.strip() if scheme.lower() == "bearer" else None
    return None


def _telling(allowance: Allowance, send: Send) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *allowance.headers]
        await send(message)

    return tell


def _retry(seconds: int) -> tuple[bytes, bytes]:
    return b"retry-after", b"%d" % seconds


async def _refuse(send: Send, code: int, detail: str, *headers: tuple[bytes, bytes], route: str) -> None:
    content = orjson.dumps({"detail": detail})
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": code, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": content})
    telemetry.HTTP_SECONDS.labels(route, str(code)).observe(0)
