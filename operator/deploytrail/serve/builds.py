"""GET /api/v1/builds, one of them by its id, and which commit a version is."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from deploytrail.record.model import Status
from deploytrail.serve.asking import Asked, in_time, next_of, router
from deploytrail.serve.build_views import BuildDetail, BuildItem, BuildList, VersionView
from deploytrail.serve.views import fields, report_views
from deploytrail.stores.base import Store

_NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is none."}}


class Filters(Asked):
    """What may be asked of builds."""

    version: str | None = Field(None, description="Only this version.", examples=["1.2.3"])
    status: Status | None = Field(None, description="Only this status.")


def build_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The routes, for keys that may read."""
    routes = router("/api/v1/builds", "builds", may_read)

    @routes.get("", summary="Builds, newest first")
    async def find(filters: Annotated[Filters, Query()]) -> BuildList:
        page = await in_time(store.builds.find(filters.query()))
        items = tuple(BuildItem.model_validate(fields(each)) for each in page.items)
        return BuildList(items=items, next=next_of(page))

    @routes.get("/{build_id}", summary="One build", responses=_NONE)
    async def get(build_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")]) -> BuildDetail:
        """With every report it was made from: what was said, when, and with which key."""
        build = await in_time(store.builds.get(build_id))
        reports = await in_time(store.builds.reports(build_id))
        if build is None or reports is None:
            raise HTTPException(404, "There is no such build")
        return BuildDetail.model_validate(fields(build) | {"reports": report_views(reports)})

    return routes


def version_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/versions", "versions", may_read)

    @routes.get("/{product:path}/{version}", summary="Which commit a version is", responses=_NONE)
    async def get(
        product: Annotated[str, Path(max_length=512, description="It may hold slashes.")],
        version: Annotated[str, Path(max_length=512)],
    ) -> VersionView:
        """The first commit that anybody told of it; a build or deployment of another is refused or marked."""
        bound = await in_time(store.version(product, version))
        if bound is None:
            raise HTTPException(404, "Nobody has said which commit this version is")
        return VersionView.model_validate(bound.model_dump(exclude={"id"}))

    return routes
