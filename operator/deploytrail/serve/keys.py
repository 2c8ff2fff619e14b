"""/api/v1/keys: create, list and revoke keys, for whoever has a key with the scope admin."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploytrail.errors import Misconfigured, Reason, Rejected
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.model import Key, Scope, new_key
from deploytrail.keys.order import Order
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.uses import last_used
from deploytrail.serve.body import receive
from deploytrail.serve.examples import KEY
from deploytrail.serve.views import Time

log = structlog.get_logger()

_REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "The name is taken."},
    413: {"description": "Too large."},
    415: {"description": "Not application/json."},
    422: {"description": "Not an order that can be met."},
}
_HOW = "set keys.manageByApi in Deploytrail's chart, or use the command deploytrail keys"
_CODES: Mapping[Reason, int] = {"permission": 403, "conflict": 409}


class KeyItem(BaseModel):
    """A key, as far as it is ever shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [KEY]})

    name: str
    scopes: tuple[Scope, ...]
    apis: tuple[str, ...] = Field(description="The ingest APIs it may speak; empty for all.")
    products: tuple[str, ...] = Field(description="The products it may report; empty for all.")
    environments: tuple[str, ...] = Field(description="The environments it may report; empty for all.")
    product: str | None = Field(description="What it reports for, over an API without a word for it.")
    environment: str | None = Field(description="Where to, over an API without a word for it.")
    workspace: str | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None = Field(description="To the hour; null when it never was.")


class NewKey(KeyItem):
    """A key that was just made."""

    model_config = ConfigDict(json_schema_extra={"examples": [KEY | {"last_used_at": None, "key": "dtk_0a1b2c3d_…"}]})

    key: str = Field(description="The key itself. It is shown this once.")


class KeyList(BaseModel):
    """All keys, by name."""

    items: tuple[KeyItem, ...]


def to_item(key: Key, used: datetime | None) -> KeyItem:
    """The key as it is shown."""
    lists = {name: tuple(sorted(getattr(key, name))) for name in ("scopes", "apis", "products", "environments")}
    return KeyItem(**key.model_dump(exclude={"digest", "signing", *lists}), **lists, last_used_at=used)


def key_routes(
    keys: KeyBackend,
    ring: KeyRing,
    *,
    may_manage: Callable[..., Awaitable[Key]],
    apis: frozenset[str],
    clock: Callable[[], datetime],
) -> APIRouter:
    """The routes. ``apis`` are those a key may be limited to."""
    router = APIRouter(
        prefix="/api/v1/keys",
        tags=["keys"],
        dependencies=[Depends(may_manage)],
        responses={
            401: {"description": "No key, or not one that may ask."},
            403: {"description": "Not a key with the scope admin, or Deploytrail itself may not do it."},
            429: {"description": "Too many requests with this key."},
            501: {"description": "Keys cannot be changed here."},
            503: {"description": "Try later."},
        },
    )

    @router.post("", status_code=201, summary="Create a key", openapi_extra=_describe(Order), responses=_REFUSED)
    async def create(request: Request, response: Response, manager: Annotated[Key, Depends(may_manage)]) -> NewKey:
        order, secret = _parse(await receive(request)), new_key()
        if ring.holds(order.name):
            raise HTTPException(422, "this is a key, not a name for one")
        if not order.apis <= apis:
            raise HTTPException(422, f"apis: use any of {', '.join(sorted(apis))}")
        try:
            key = order.key(secret, now=clock())
            await keys.create(key)
        except (Rejected, Misconfigured) as error:
            raise _refusal(error) from error
        except ValidationError as error:
            raise _invalid(error) from None
        log.info("key_created", name=key.name, scopes=sorted(key.scopes), by=manager.name)
        response.headers["Cache-Control"] = "no-store"
        return NewKey(key=secret, **dict(to_item(key, None)))

    @router.get("", summary="The keys there are, without the keys themselves")
    async def find() -> KeyList:
        kept, here = await keys.uses(), ring.used
        return KeyList(items=tuple(to_item(key, last_used(key, kept, here)) for key in await keys.list()))

    @router.delete(
        "/{name}", status_code=204, summary="Revoke a key", responses={404: {"description": "There is none."}}
    )
    async def revoke(name: Annotated[str, Path(max_length=63)], manager: Annotated[Key, Depends(may_manage)]) -> None:
        try:
            found = await keys.delete(name)
        except (Rejected, Misconfigured) as error:
            raise _refusal(error) from error
        if not found:
            raise HTTPException(404, "There is no such key")
        log.info("key_revoked", name=name, by=manager.name)

    return router


def _parse(body: bytes) -> Order:
    try:
        return Order.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> RequestValidationError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in problems])


def _refusal(error: Rejected | Misconfigured) -> HTTPException:
    """501 when this installation cannot do it at all, 403 when it may not."""
    if isinstance(error, Misconfigured):
        return HTTPException(501, str(error))
    hint = f": {_HOW}" if error.reason == "permission" else ""
    return HTTPException(_CODES.get(error.reason, 422), f"{error.message}{hint}")


def _describe(model: type[BaseModel]) -> dict[str, Any]:
    """The body in the OpenAPI document. What it refers to is described there for the answers."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
