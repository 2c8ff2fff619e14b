"""One deployment: all that is known of it, and who said so."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response

from deploytrail.record.model import Build, Deployment
from deploytrail.record.query import Query as Question
from deploytrail.serve.asking import in_time
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.visitors import Visitor
from deploytrail.stores.base import Store

NEIGHBOURS = 8


def dossier_routes(
    routes: APIRouter, store: Store, *, templates: Templates, live: Live, may_read: Callable[..., Awaitable[Visitor]]
) -> None:
    """Add the route."""

    @routes.get("/deployments/{deployment_id}", dependencies=[Depends(may_read)])
    async def dossier(request: Request, deployment_id: Annotated[str, Path(max_length=253)]) -> Response:
        word = await live.word()
        deployment = await in_time(store.get(deployment_id))
        reports = await in_time(store.deployments.reports(deployment_id))
        if deployment is None or reports is None:
            raise HTTPException(404, "There is no deployment with this id, or it was removed")
        here = Question(product=deployment.product, environment=deployment.environment, limit=NEIGHBOURS)
        return templates.render(
            request,
            "dossier.html",
            page="timeline",
            word=word,
            deployment=deployment,
            reports=reports,
            build=await _build_of(store, deployment),
            neighbours=(await in_time(store.find(here))).items,
        )


async def _build_of(store: Store, deployment: Deployment) -> Build | None:
    if deployment.version is None:
        return None
    asked = Question(product=deployment.product, version=deployment.version, limit=1)
    return next(iter((await in_time(store.builds.find(asked))).items), None)
