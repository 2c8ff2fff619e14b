"""One deployment: all that is known of it, who said so, and what a person says of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse

from deploytrail.record.marks import current
from deploytrail.record.model import Build, Deployment
from deploytrail.record.query import Query as Question
from deploytrail.serve.asking import in_time
from deploytrail.serve.marks import LONGEST_COMMENT, MarkBody, can_mark, say
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.visitors import Visitor, came_from_here
from deploytrail.serve.views import judgement_views
from deploytrail.stores.base import Store

NEIGHBOURS = 8


_SAID = {"": None, "yes": True, "no": False}


def dossier_routes(
    routes: APIRouter,
    store: Store,
    clock: Callable[[], datetime],
    *,
    templates: Templates,
    live: Live,
    may_read: Callable[..., Awaitable[Visitor]],
) -> None:
    """Add the routes."""

    @routes.get("/deployments/{deployment_id}")
    async def dossier(
        request: Request,
        deployment_id: Annotated[str, Path(max_length=253)],
        visitor: Annotated[Visitor, Depends(may_read)],
    ) -> Response:
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
            judgement=(await judgement_views(store, [deployment])).get(deployment.id),
            reports=reports,
            build=await _build_of(store, deployment),
            neighbours=(await in_time(store.find(here))).items,
            mark=current(deployment.marks),
            can_mark=visitor.key is not None and can_mark(visitor.key),
        )

    @routes.post("/deployments/{deployment_id}")
    async def mark(
        request: Request,
        deployment_id: Annotated[str, Path(max_length=253)],
        visitor: Annotated[Visitor, Depends(may_read)],
        failure: Annotated[Literal["", "yes", "no"], Form()] = "",
        counted: Annotated[Literal["", "yes", "no"], Form()] = "",
        comment: Annotated[str, Form(max_length=LONGEST_COMMENT, pattern=r"^[^\x00]*$")] = "",
    ) -> Response:
        if not came_from_here(request):
            raise HTTPException(403, "This form was sent from another site")
        if visitor.key is None or not can_mark(visitor.key):
            raise HTTPException(403, "Marking takes a key with the scopes read and ingest")
        said = MarkBody(failure=_SAID[failure], counted=_SAID[counted], comment=comment.strip() or None)
        after = await say(store, visitor.key, deployment_id, said, now=clock())
        return RedirectResponse(f"./{quote(after.id)}", 303)


async def _build_of(store: Store, deployment: Deployment) -> Build | None:
    if deployment.version is None:
        return None
    asked = Question(product=deployment.product, version=deployment.version, limit=1)
    return next(iter((await in_time(store.builds.find(asked))).items), None)
