"""Who may ask: a key with the scope read, as a bearer token."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing

BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="A key with the scope `read`.")


def require(scope: Scope, ring: KeyRing, clock: Callable[[], datetime]) -> Callable[..., Awaitable[None]]:
    """A dependency that answers 401 unless the request carries a key with this scope."""

    async def check(bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> None:
        presented = bearer.credentials if bearer else None
        if ring.find(presented, scope=scope, now=clock()) is None:
            raise HTTPException(401, "Invalid API key", headers={"WWW-Authenticate": "Bearer"})

    return check
