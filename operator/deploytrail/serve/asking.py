"""What every list can be asked, and how long an answer may take."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from deploytrail.errors import Unavailable
from deploytrail.mapping.times import parse_instant
from deploytrail.record.model import Source
from deploytrail.record.query import Page, Query
from deploytrail.serve.cursor import from_cursor, to_cursor

T = TypeVar("T")

ANSWER_SECONDS = 8.0
"""How long a question may wait for the store."""

LIMIT, LARGEST_LIMIT = 100, 1000
"""How many records a page has unless told otherwise, and at most."""

When = Annotated[datetime, BeforeValidator(parse_instant)]

_EXAMPLE_TIME = "2026-11-01T00:00:00Z"


class Sort(StrEnum):
    """By when it was recorded: the one time that never changes, so that pages stay where they are."""

    NEWEST_FIRST = "-created_at"
    OLDEST_FIRST = "created_at"


class Form(StrEnum):
    """In which form an answer is wanted."""

    JSON = "json"
    CSV = "csv"


class Problem(BaseModel):
    """What went wrong, in a sentence."""

    detail: str


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
    sort: Sort = Field(Sort.NEWEST_FIRST, description="Newest first, or `created_at` for oldest first.")
    limit: int | None = Field(
        None, ge=1, le=LARGEST_LIMIT, description=f"How many to answer at most: {LIMIT}, and as CSV all of them."
    )
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None, max_length=1000, description="The `next` of the page before; leave the other parameters as they were."
    )
    format: Form | None = Field(None, description="`csv` for a spreadsheet; without it, what `Accept` prefers.")

    def query(self) -> Query:
        """As the store understands it."""
        return Query(
            **self.model_dump(include=set(Query.model_fields) - {"limit"}),
            oldest_first=self.sort is Sort.OLDEST_FIRST,
            limit=self.limit or LIMIT,
            before=from_cursor(self.cursor) if self.cursor is not None else None,
        )


def router(prefix: str, tag: str, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """Routes for keys that may read."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(may_read)],
        responses={
            401: {"model": Problem, "description": "No key, or not one that may ask."},
            403: {"model": Problem, "description": "Not a key with the scope read."},
            429: {"model": Problem, "description": "Too many requests with this key."},
            503: {"model": Problem, "description": "Try later."},
        },
    )


def next_of(page: Page[Any]) -> str | None:
    """The cursor of the page after this one."""
    return to_cursor(page.next) if page.next is not None else None


def refusal(where: str, name: str, why: str) -> RequestValidationError:
    """What to raise where a value is none that can be answered: 422 in the form of the framework's own."""
    return RequestValidationError([{"loc": (where, name), "msg": why, "type": "value_error"}])


async def in_time(asking: Awaitable[T]) -> T:
    """The answer of the store. Unavailable when it takes too long."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asking
    except TimeoutError as error:
        raise Unavailable("the store did not answer in time") from error
