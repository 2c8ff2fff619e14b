"""GET /api/v1/versions: which commit a version is, and where it has been."""

from collections.abc import Awaitable, Callable, Iterable
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.model import Build, Deployment, Source, Status
from deploytrail.record.query import Query, happened_at
from deploytrail.record.running import Running, merged, running_among
from deploytrail.record.version import Version
from deploytrail.serve.answering import ONE, one, tag_of, unchanged
from deploytrail.serve.asking import LARGEST_LIMIT, in_time, router
from deploytrail.serve.examples import VERSION
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store


class Stay(BaseModel):
    """What became of a version in one environment."""

    environment: str
    deployments: int = Field(description="How often it was deployed there, whatever came of it.")
    first_at: Time = Field(description="When the first of them took place.")
    last_at: Time = Field(description="When the last of them took place.")
    status: Status = Field(description="Of the last.")
    deployed_by: str | None = Field(description="Who made the last.")
    deployment_id: str = Field(description="The last.")
    runs_now: bool = Field(description="Whether it is what runs there now.")


class VersionBuild(BaseModel):
    """A build that made the version, or failed to."""

    id: str
    status: Status
    at: Time = Field(description="When it took place.")


class VersionView(BaseModel):
    """Which commit a version of a product is, for ever, and where it has been."""

    model_config = ConfigDict(json_schema_extra={"examples": [VERSION]})

    product: str
    version: str
    commit: str | None = Field(description="Null when nobody has said so; so are the three below.")
    first_seen_at: Time | None
    source: Source | None = Field(description="Who told of it first.")
    record: str | None = Field(description="Id of the build or deployment that told of it first.")
    builds: tuple[VersionBuild, ...] = Field(description=f"Newest first, at most {LARGEST_LIMIT}.")
    environments: tuple[Stay, ...] = Field(
        description=f"Where it was deployed, by name, out of its newest {LARGEST_LIMIT} deployments."
    )


def version_routes(
    store: Store, found: Callable[[], Iterable[Running]], *, may_read: Callable[..., Awaitable[object]]
) -> APIRouter:
    """The route, for keys that may read. ``found`` is what ran before anything was recorded."""
    routes = router("/api/v1/versions", "versions", may_read)

    @routes.get(
        "/{product:path}/{version}",
        summary="Which commit a version is, and where it has been",
        response_model=VersionView,
        responses=ONE,
    )
    async def get(
        request: Request,
        product: Annotated[str, Path(max_length=512, description="It may hold slashes.")],
        version: Annotated[str, Path(max_length=512, description="A slash in it is sent as `%2F`.")],
    ) -> Response:
        """Its commit is the first that anybody told of; a build or deployment of another is refused or marked."""
        product, version = _asked(request, product, version)
        bound = await in_time(store.version(product, version))
        wanted = Query(product=product, version=version, limit=LARGEST_LIMIT)
        builds = (await in_time(store.builds.find(wanted))).items
        deployments = (await in_time(store.find(wanted))).items
        if bound is None and not builds and not deployments:
            raise HTTPException(404, "Nobody has told of this version")
        running = merged(running_among(await in_time(store.places())), found()) if deployments else ()
        now = {each.environment for each in running if (each.product, each.version) == (product, version)}
        view = _view(product, version, bound, builds, _stays(deployments, now))
        tag = tag_of(view)
        return unchanged(request, tag) or one(view, tag)

    return routes


def _asked(request: Request, product: str, version: str) -> tuple[str, str]:
    """Where product and version part in the address as it was sent: a slash of the version's own came as ``%2F``."""
    sent = request.scope.get("raw_path")
    if sent is None:
        return product, version
    escaped = sent.decode("latin-1").rpartition("/")[2]
    whole, version = f"{product}/{version}", unquote(escaped)
    return whole.removesuffix(version).removesuffix("/"), version


def _view(
    product: str, version: str, bound: Version | None, builds: Iterable[Build], stays: Iterable[Stay]
) -> VersionView:
    known: dict[str, Any] = bound.model_dump(exclude={"id", "product", "version"}) if bound is not None else {}
    return VersionView(
        product=product,
        version=version,
        **dict.fromkeys(("commit", "first_seen_at", "source", "record")) | known,
        builds=tuple(VersionBuild(id=each.id, status=each.status, at=happened_at(each)) for each in builds),
        environments=tuple(stays),
    )


def _stays(deployments: Iterable[Deployment], now: set[str]) -> Iterable[Stay]:
    by_place = sorted(deployments, key=lambda each: (each.environment, happened_at(each)))
    for environment, group in groupby(by_place, key=lambda each: each.environment):
        there = list(group)
        last = there[-1]
        yield Stay(
            environment=environment,
            deployments=len(there),
            first_at=happened_at(there[0]),
            last_at=happened_at(last),
            status=last.status,
            deployed_by=last.deployed_by,
            deployment_id=last.id,
            runs_now=environment in now,
        )
