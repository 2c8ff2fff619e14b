"""What every list can be asked, and how long an answer may take."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from deploytrail.errors import Unavailable
from deploytrail.mapping.times import parse_instant
from deploytrail.record.model import Source
from deploytrail.record.query import Page, Query
from deploytrail.serve.cursor import from_cursor, to_cursor

T = TypeVar("T")

ANSWER_SECONDS = 8.0
"""How long a question may wait for the store."""

When = Annotated[datetime, BeforeValidator(parse_instant)]

_EXAMPLE_TIME = "2026-11-01T00:00:00Z"


def _is_cursor(text: str) -> str:
    from_cursor(text)
    return text


class Asked(BaseModel):
    """What may be asked of every list; a misspelt name is an error, not all records."""

    model_config = ConfigDict(extra="forbid")

    product: str | None = Field(None, description="Only this product.", examples=["hivelai/webhook-logger"])
    source: Source | None = Field(None, description="Only what came through this door.")
    since: When | None = Field(None, description="Only what happened at or after this time.", examples=[_EXAMPLE_TIME])
    until: When | None = Field(None, description="Only what happened before this time.", examples=[_EXAMPLE_TIME])
    limit: int = Field(100, ge=1, le=1000, description="How many to answer at most.")
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None, max_length=1000, description="The `next` of the page before."
    )

    def query(self) -> Query:
        """As the store understands it."""
        before = from_cursor(self.cursor) if self.cursor is not None else None
        return Query(**self.model_dump(exclude={"cursor"}), before=before)


def router(prefix: str, tag: str, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """Routes for keys that may read."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(may_read)],
        responses={
            401: {"description": "No key, or not one that may ask."},
            403: {"description": "Not a key with the scope read."},
            429: {"description": "Too many requests with this key."},
            503: {"description": "Try later."},
        },
    )


def next_of(page: Page[Any]) -> str | None:
    """The cursor of the page after this one."""
    return to_cursor(page.next) if page.next is not None else None


async def in_time(asking: Awaitable[T]) -> T:
    """The answer of the store. Unavailable when it takes too long."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asking
    except TimeoutError as error:
        raise Unavailable("the store did not answer in time") from error
