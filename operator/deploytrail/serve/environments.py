"""GET /api/v1/environments: what runs where."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Status
from deploytrail.record.running import Running, merged, running_among
from deploytrail.serve.answering import answer_whole, listed
from deploytrail.serve.asking import Form, in_time, router
from deploytrail.serve.examples import RUNNING
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store


class LatestView(BaseModel):
    """The newest deployment to a place, which may have failed or be under way."""

    deployment_id: str
    version: str | None
    status: Status
    at: Time = Field(description="When it took place.")


class RunningItem(BaseModel):
    """One product in one environment."""

    model_config = ConfigDict(json_schema_extra={"examples": [RUNNING]})

    environment: str
    product: str
    version: str | None
    commit: str | None
    since: Time = Field(description="When it was deployed.")
    deployed_by: str | None
    deployment_id: str | None = Field(
        description="The record; null where it ran before Deploytrail did, so that nothing was recorded."
    )
    previous: str | None = Field(description="The last other version that ran here; null when none was recorded.")
    latest: LatestView | None = Field(
        description="The newest deployment to this place, whatever came of it; null where nothing was recorded."
    )


class RunningList(BaseModel):
    """By environment and product."""

    items: tuple[RunningItem, ...]


class Asked(BaseModel):
    """What may be asked."""

    model_config = ConfigDict(extra="forbid")

    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    product: str | None = Field(None, description="Only this product.", examples=["hivelai/webhook-logger"])
    format: Form | None = Field(None, description="`csv` for a spreadsheet; without it, what `Accept` prefers.")


def to_json(running: Iterable[Running]) -> bytes:
    """A ``RunningList`` of these, written at once: there are thousands, and each is too small to be made for it."""
    return orjson.dumps({"items": [_shown(each) for each in running]})


def _shown(each: Running) -> dict[str, Any]:
    latest = each.latest
    return {
        "environment": each.environment,
        "product": each.product,
        "version": each.version,
        "commit": each.commit,
        "since": to_rfc3339(each.since),
        "deployed_by": each.deployed_by,
        "deployment_id": each.deployment_id,
        "previous": each.previous,
        "latest": {
            "deployment_id": latest.deployment_id,
            "version": latest.version,
            "status": latest.status,
            "at": to_rfc3339(latest.at),
        }
        if latest is not None
        else None,
    }


def environment_routes(
    store: Store, found: Callable[[], Iterable[Running]], *, may_read: Callable[..., Awaitable[object]]
) -> APIRouter:
    """The route, for keys that may read. ``found`` is what ran before anything was recorded."""
    routes = router("/api/v1/environments", "environments", may_read)

    @routes.get(
        "", summary="What runs where", response_model=RunningList, responses=listed(RunningItem, RUNNING, paged=False)
    )
    async def find(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """The newest success of every product in every environment: since when, by whom, and what ran before."""
        recorded = running_among(await in_time(store.places(asked.environment)))
        before = [each for each in found() if asked.environment in (None, each.environment)]
        there = [each for each in merged(recorded, before) if asked.product in (None, each.product)]

        def items() -> Iterator[RunningItem]:
            return (RunningItem.model_validate(each, from_attributes=True) for each in there)

        return answer_whole(request, "environments", RunningItem, items, to_json(there), asked.format)

    return routes
