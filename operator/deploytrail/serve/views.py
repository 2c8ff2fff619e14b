"""A record as it is shown: the field names of the record, times in RFC 3339 UTC, no raw bodies in lists."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from deploytrail.record.counted import Uncounted
from deploytrail.record.dora.entry import entry_of
from deploytrail.record.dora.judging import Failure, Judgement, Rework
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import (
    ApplicationRef,
    Build,
    Deployment,
    Links,
    ResourceRef,
    Source,
    Status,
    Telling,
    Trigger,
)
from deploytrail.serve.asking import in_time
from deploytrail.serve.examples import DEPLOYMENT, DEPLOYMENT_DETAIL
from deploytrail.stores.base import Store

Time = Annotated[datetime, PlainSerializer(to_rfc3339, return_type=str)]


class State(BaseModel):
    """A state and when it was reached."""

    status: Status
    at: Time


class MarkView(BaseModel):
    """What a person said of a deployment."""

    model_config = ConfigDict(from_attributes=True)

    at: Time
    by: str = Field(description="Name of the key.")
    failure: bool | None = Field(description="Whether it was a failure; null: the definitions tell.")
    counted: bool | None = Field(description="Whether DORA metrics count it; null: its source says so.")
    comment: str | None


class ReportView(BaseModel):
    """One accepted report: what was said, when, by whom."""

    source: Source
    status: Status
    at: Time = Field(description="When the state was reached, by the sender's clock.")
    received_at: Time
    reporter: str | None = Field(description="Name of the key, or of the Kubernetes user.")
    raw_status: str | None = Field(description="The sender's own word.")
    body: str | None = Field(description="The payload as it came.")


class DeploymentItem(BaseModel):
    """One deployment."""

    model_config = ConfigDict(json_schema_extra={"examples": [DEPLOYMENT]})

    id: str
    product: str
    version: str | None
    environment: str
    status: Status
    event_type: str = Field(description="The event that announces it.", examples=["deployment.completed"])
    started_at: Time | None
    finished_at: Time | None
    settled_at: Time | None = Field(description="When health became known.")
    duration: float | None = Field(description="Seconds from start to finish; null when either is unknown.")
    repository: str | None
    commit: str | None
    committed_at: Time | None = Field(description="When the commit was made, where its sender says so.")
    branch: str | None
    images: tuple[str, ...]
    deployed_by: str | None
    trigger: Trigger | None
    version_conflict: str | None = Field(
        description="The commit that this version was first seen with, when it is another."
    )
    partial: bool
    missed_before: int = Field(description="How many deployments right before this one are known to be lost.")
    counted: bool = Field(
        description="Whether its source wants DORA metrics to count it, once it has a verdict; people have a say, too."
    )
    marks: tuple[MarkView, ...] = Field(
        description="What people said of it, oldest first: the last one holds, the one before it held until then."
    )
    reason: str | None = Field(description="Why this status, and why not counted.")
    links: Links
    pull_requests: tuple[str, ...]
    application: ApplicationRef | None
    resource: ResourceRef | None = Field(description="The DeploymentEvent that somebody applied.")
    source: Source
    created_at: Time
    updated_at: Time
    history: tuple[State, ...] = Field(description="Every state with the time it was reached, oldest first.")
    metadata: dict[str, Any]


class JudgementView(BaseModel):
    """What DORA's metrics make of a deployment that has ended, among those of its product and environment."""

    not_counted: Uncounted | None = Field(description="Why it is not counted; null: it is.")
    failure: Failure | None = Field(description="What kind of failure it is counted as.")
    rework: Rework | None = Field(description="As what it is counted that was not planned.")


class DeploymentDetail(DeploymentItem):
    """One deployment with every report it was made from."""

    model_config = ConfigDict(json_schema_extra={"examples": [DEPLOYMENT_DETAIL]})

    judgement: JudgementView | None = Field(description="What DORA's metrics make of it; null until it has ended.")
    reports: tuple[ReportView, ...]


class DeploymentList(BaseModel):
    """A page."""

    items: tuple[DeploymentItem, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


async def judgement_views(store: Store, deployments: Sequence[Deployment]) -> dict[str, JudgementView]:
    """What DORA's metrics make of those that have ended, by id."""
    judgements = await in_time(store.judgements(deployments))
    return {
        each.id: _judgement_view(entry.uncounted, judgements.get(each.id))
        for each in deployments
        if (entry := entry_of(each, None)) is not None
    }


def _judgement_view(uncounted: Uncounted | None, found: Judgement | None) -> JudgementView:
    return JudgementView(
        not_counted=uncounted,
        failure=found.failure if found is not None else None,
        rework=found.rework if found is not None else None,
    )


def report_views(tellings: Iterable[Telling]) -> list[dict[str, Any]]:
    """The reports of a record, as they are shown with it."""
    return [telling.model_dump(exclude={"fingerprint"}) for telling in tellings]


def fields(record: Deployment | Build) -> dict[str, Any]:
    """What is shown of a record wherever it is shown."""
    duration = record.duration
    return {
        **{name: value for name, value in record if name != "tellings"},
        "metadata": dict(record.metadata),
        "event_type": record.event_type,
        "duration": duration.total_seconds() if duration is not None else None,
        "history": [State(status=status, at=at) for status, at in record.history],
    }
