"""Builds and annotations as they are shown."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.model import AnnotationType, Links, ResourceRef, Source, Status
from deploytrail.serve.examples import ANNOTATION, BUILD, BUILD_DETAIL
from deploytrail.serve.views import ReportView, State, Time


class BuildItem(BaseModel):
    """One build."""

    model_config = ConfigDict(json_schema_extra={"examples": [BUILD]})

    id: str
    product: str
    version: str
    status: Status
    event_type: str = Field(description="The event that announces it.", examples=["build.completed"])
    started_at: Time | None
    finished_at: Time | None
    duration: float | None = Field(description="Seconds from start to finish; null when either is unknown.")
    repository: str | None
    commit: str | None
    branch: str | None
    images: tuple[str, ...]
    built_by: str | None
    version_conflict: str | None = Field(
        description="The commit that this version was first seen with, when it is another."
    )
    reason: str | None = Field(description="Why this status.")
    links: Links
    resource: ResourceRef | None = Field(description="The BuildEvent that somebody applied.")
    source: Source
    created_at: Time
    updated_at: Time
    history: tuple[State, ...] = Field(description="Every state with the time it was reached, oldest first.")
    metadata: dict[str, Any]


class BuildDetail(BuildItem):
    """One build with every report it was made from."""

    model_config = ConfigDict(json_schema_extra={"examples": [BUILD_DETAIL]})

    reports: tuple[ReportView, ...]


class BuildList(BaseModel):
    """A page."""

    items: tuple[BuildItem, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


class AnnotationItem(BaseModel):
    """A note on the timeline, never counted."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANNOTATION]})

    id: str
    product: str
    environment: str | None
    type: AnnotationType
    content: str
    event_type: str = Field(examples=["annotation.comment"])
    source: Source
    reporter: str | None = Field(description="Name of the key.")
    created_at: Time
    metadata: dict[str, Any]


class AnnotationList(BaseModel):
    """A page."""

    items: tuple[AnnotationItem, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")
