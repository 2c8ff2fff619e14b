"""GET /api/v1/annotations: what was noted on the timeline."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from deploytrail.record.model import Annotation, AnnotationType
from deploytrail.serve.asking import Asked, in_time, next_of, router
from deploytrail.serve.build_views import AnnotationItem, AnnotationList
from deploytrail.stores.base import Store


class Filters(Asked):
    """What may be asked of annotations."""

    environment: str | None = Field(None, description="Only this environment.", examples=["production"])
    type: AnnotationType | None = Field(None, description="Only this kind.")


def annotation_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/annotations", "annotations", may_read)

    @routes.get("", summary="Annotations, newest first")
    async def find(filters: Annotated[Filters, Query()]) -> AnnotationList:
        page = await in_time(store.annotations.find(filters.query()))
        return AnnotationList(items=tuple(map(_to_item, page.items)), next=next_of(page))

    return routes


def _to_item(note: Annotation) -> AnnotationItem:
    return AnnotationItem(
        **note.model_dump(include={"id", "product", "environment", "type", "content", "source", "created_at"}),
        event_type=note.event_type,
        reporter=note.tellings[0].reporter if note.tellings else None,
        metadata=dict(note.metadata),
    )
