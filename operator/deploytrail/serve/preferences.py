"""/notification-preferences/: Versioner's, in its words. What is wished for is kept; nothing is sent yet."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, Field

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key, Scope
from deploytrail.record.model import Source
from deploytrail.record.preference import EVENT_TYPES, Preference, prefer
from deploytrail.serve.access import Door, admitted
from deploytrail.serve.body import receive
from deploytrail.serve.views import Time
from deploytrail.stores.base import Store

PATH = "/notification-preferences"
LONGEST_CHANNEL = 512

DOOR = Door("notification-preferences", PATH, ((Scope.INGEST, Source.VERSIONER.value), (Scope.ADMIN, None)))
"""For keys that may report over Versioner's API, and for admins."""

_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "Not a preference; nothing of it is kept."},
    413: {"description": "Too large, or too many."},
    415: {"description": "Not application/json."},
}
_NONE: dict[int | str, dict[str, Any]] = {404: {"description": "There is none."}}


class PreferenceBody(BaseModel):
    """What is sent."""

    event_type: str = Field(description="One of the ten event types.", examples=["deployment.failed"])
    channel_id: str = Field(max_length=LONGEST_CHANNEL, description="The Slack channel.", examples=["C0123456789"])


class PreferenceView(BaseModel):
    """One preference."""

    id: str
    event_type: str
    channel_id: str
    created_at: Time


def preference_routes(store: Store, clock: Callable[[], datetime]) -> APIRouter:
    """The routes behind the door."""
    router = APIRouter(
        tags=["notification preferences"],
        dependencies=[Depends(admitted)],
        responses={
            401: {"description": "No key, or not one that may report over Versioner's API."},
            429: {"description": "Too many requests with this key."},
            503: {"description": "Try later."},
        },
    )
    schema = {"requestBody": {"content": {"application/json": {"schema": PreferenceBody.model_json_schema()}}}}

    @router.get(f"{PATH}/", summary="All preferences")
    @router.get(PATH, include_in_schema=False)
    async def show() -> list[PreferenceView]:
        return [_view(each) for each in await store.preferences.list()]

    @router.post(f"{PATH}/", summary="Let a channel hear of an event type", openapi_extra=schema, responses=_REFUSED)
    @router.post(PATH, include_in_schema=False)
    async def add(request: Request, key: Annotated[Key, Depends(admitted)]) -> PreferenceView:
        event_type, channel_id = _parse(await _read(request))
        wished = prefer(event_type=event_type, channel_id=channel_id, created_at=clock(), created_by=key.name)
        try:
            return _view(await store.preferences.put(wished))
        except Rejected as error:
            raise HTTPException(413, error.message) from error

    @router.delete(PATH + "/{preference_id}", summary="Remove one", status_code=204, responses=_NONE)
    @router.delete(PATH + "/{preference_id}/", include_in_schema=False, status_code=204)
    async def remove(preference_id: str) -> Response:
        if not await store.preferences.delete(preference_id):
            raise HTTPException(404, "There is no such preference")
        return Response(status_code=204)

    return router


async def _read(request: Request) -> object:
    try:
        return orjson.loads(await receive(request))
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, "the body is not valid JSON") from error


def _parse(document: object) -> tuple[str, str]:
    if not isinstance(document, dict):
        raise HTTPException(400, "the body must be a JSON object")
    for field in ("event_type", "channel_id"):
        if document.get(field) is None:
            raise HTTPException(400, f"Field '{field}' is required")
        if not isinstance(document[field], str) or not document[field].strip():
            raise HTTPException(400, f"Field '{field}' must be a string that says something")
    if document["event_type"] not in EVENT_TYPES:
        raise HTTPException(400, f"Field 'event_type' must be one of {', '.join(EVENT_TYPES)}")
    if len(document["channel_id"]) > LONGEST_CHANNEL or "\0" in document["channel_id"]:
        raise HTTPException(400, f"Field 'channel_id' must have at most {LONGEST_CHANNEL} characters")
    return document["event_type"], document["channel_id"]


def _view(preference: Preference) -> PreferenceView:
    return PreferenceView.model_validate(preference.model_dump(exclude={"created_by"}))
