"""GET /api/v1/annotations: what was noted on the timeline."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from deploytrail.record.model import Annotation, AnnotationType
from deploytrail.serve.answering import Listing, listed
from deploytrail.serve.asking import Asked, router
from deploytrail.serve.build_views import AnnotationItem, AnnotationList
from deploytrail.serve.examples import ANNOTATION
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of annotations."""

    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    type: AnnotationType | None = Field(None, description="Only this kind.")


def annotation_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/annotations", "annotations", may_read)

    listing = Listing(
        "annotations", store.annotations.find, lambda each: (_to_item(each),), AnnotationItem, AnnotationList
    )

    @routes.get("", summary="Annotations", response_model=AnnotationList, responses=listed(AnnotationItem, ANNOTATION))
    async def find(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        """What was noted on the timeline and is no deployment."""
        return await listing.answer(request, filters)

    return routes


def _to_item(note: Annotation) -> AnnotationItem:
    return AnnotationItem(
        **note.model_dump(include={"id", "product", "environment", "type", "content", "source", "created_at"}),
        event_type=note.event_type,
        reporter=note.tellings[0].reporter if note.tellings else None,
        metadata=dict(note.metadata),
    )
