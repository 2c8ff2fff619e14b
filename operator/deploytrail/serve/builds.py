"""GET /api/v1/builds and one of them by its id."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from deploytrail.record.model import Build, Status
from deploytrail.serve.answering import ONE, Listing, answer_record, listed
from deploytrail.serve.asking import Asked, in_time, router
from deploytrail.serve.build_views import BuildDetail, BuildItem, BuildList
from deploytrail.serve.examples import BUILD
from deploytrail.serve.views import fields
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of builds."""

    version: str | None = Field(None, description="Only this version.", examples=["1.2.3"])
    status: Status | None = Field(None, description="Only this status.")


def build_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The routes, for keys that may read."""
    routes = router("/api/v1/builds", "builds", may_read)
    listing = Listing("builds", store.builds.find, lambda each: (to_item(each),), BuildItem, BuildList)

    @routes.get("", summary="Builds", response_model=BuildList, responses=listed(BuildItem, BUILD))
    async def find(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        """What was built, from which commit, and how it ended."""
        return await listing.answer(request, filters)

    @routes.get("/{build_id}", summary="One build", response_model=BuildDetail, responses=ONE)
    async def get(
        request: Request, build_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")]
    ) -> Response:
        """With every report it was made from: what was said, when, and with which key."""
        build = await in_time(store.builds.get(build_id))
        return await answer_record(request, build, store.builds.reports, BuildDetail, what="build")

    return routes


def to_item(build: Build) -> BuildItem:
    """The build as lists show it."""
    return BuildItem.model_validate(fields(build))
