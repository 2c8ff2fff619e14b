"""PATCH /api/v1/deployments/{id}: what a person says of a deployment that no source could know."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key, Scope
from deploytrail.record.counted import uncounted
from deploytrail.record.marks import marked
from deploytrail.record.model import Deployment, Mark
from deploytrail.serve.access import admitted
from deploytrail.serve.asking import in_time, refusal, router
from deploytrail.serve.body import receive
from deploytrail.serve.examples import MARK, MARKED
from deploytrail.serve.views import DeploymentDetail, fields, judgement_views, report_views
from deploytrail.stores.base import Store

log = structlog.get_logger()

LONGEST_COMMENT = 1000

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"example": MARKED}}},
    403: {"description": "Not a key that may mark: one with the scopes read and ingest, or admin."},
    404: {"description": "There is none."},
    413: {"description": "Too large, or marked too often."},
    415: {"description": "Not application/json."},
    422: {"description": "Not a mark."},
}


class MarkBody(BaseModel):
    """What to say. A field that is left out stays as it is; null takes back what was said."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [MARK]})

    failure: bool | None = Field(None, description="Whether it was a failure, whatever the definitions tell.")
    counted: bool | None = Field(
        None,
        description="Whether DORA metrics count it, whatever its source says. One that is aborted or unknown is "
        "counted once `failure` says how it went.",
    )
    comment: str | None = Field(None, max_length=LONGEST_COMMENT, description="Why, in a sentence.")


async def may_mark(key: Annotated[Key, Depends(admitted)]) -> Key:
    """A dependency: the key of the request, which may report, or manage."""
    if not can_mark(key):
        raise HTTPException(403, "this key may not mark: that takes the scopes read and ingest, or admin")
    return key


def can_mark(key: Key) -> bool:
    """Whether it may mark at all: it may report, or manage."""
    return bool(key.scopes & {Scope.INGEST, Scope.ADMIN})


def mark_routes(store: Store, clock: Callable[[], datetime]) -> APIRouter:
    """The route, for keys that may report."""
    routes = router("/api/v1/deployments", "deployments", may_mark)
    schema = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": MarkBody.model_json_schema()}}}
    }

    @routes.patch("/{deployment_id}", summary="Mark one deployment", openapi_extra=schema, responses=_ANSWERS)
    async def mark(
        request: Request,
        key: Annotated[Key, Depends(may_mark)],
        deployment_id: Annotated[str, Path(max_length=253, description="As `id` in the list.")],
    ) -> DeploymentDetail:
        """As a failure or none, as counted or not. Who said so and when is kept, and what was said before."""
        body = _parse(await receive(request))
        after = await say(store, key, deployment_id, body, now=clock())
        reports = await in_time(store.deployments.reports(deployment_id))
        if reports is None:
            raise HTTPException(404, "There is no such deployment")
        judgement = (await judgement_views(store, [after])).get(after.id)
        return DeploymentDetail.model_validate(
            fields(after) | {"reports": report_views(reports), "judgement": judgement}
        )

    return routes


async def say(store: Store, key: Key, deployment_id: str, body: MarkBody, *, now: datetime) -> Deployment:
    """Mark a deployment in the name of a key that can; the deployment after it, or an answer that says why not."""
    before = await in_time(store.get(deployment_id))
    if before is None:
        raise HTTPException(404, "There is no such deployment")
    _check_limits(key, before)
    said = Mark(at=now, by=key.name, **body.model_dump(exclude_unset=True))
    try:
        _check_verdict(before, said)
        after = await in_time(store.mark(deployment_id, said))
    except Rejected as error:
        if error.reason != "too-large":
            raise refusal("body", "comment", error.message) from error
        raise HTTPException(413, error.message) from error
    if after is None:
        raise HTTPException(404, "There is no such deployment")
    if after.marks != before.marks:
        log.info("deployment_marked", id=after.id, by=key.name, failure=said.failure, counted=said.counted)
    return after


def _check_limits(key: Key, deployment: Deployment) -> None:
    """A key that may report some products or environments may mark these."""
    for name, told, allowed in (
        ("product", deployment.product, key.products),
        ("environment", deployment.environment, key.environments),
    ):
        if allowed and told not in allowed:
            raise HTTPException(403, f"this key may not report for this {name}")


def _check_verdict(before: Deployment, said: Mark) -> None:
    """What nobody can tell the outcome of is not counted by being called so."""
    if said.counted and uncounted(marked(before, said)) is not None:
        why = f"it is {before.status.value}, so that there is nothing to count: say failure, too, true or false"
        raise refusal("body", "counted", why)


def _parse(body: bytes) -> MarkBody:
    try:
        said = MarkBody.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in problems]) from None
    if not said.model_fields_set:
        raise refusal("body", "failure", "say failure, counted or comment")
    if "\0" in (said.comment or ""):
        raise refusal("body", "comment", "holds a NUL character")
    return said
