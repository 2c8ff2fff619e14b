"""The nouns: facts (what can be known), records (what is kept) and reports (what somebody told us, once).

Deployment, Build and Annotation are the three records. Field names are those of the read API.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any, Generic, TypeVar

from pydantic import Field

from deploytrail.record.values import (
    AnnotationType,
    ApplicationRef,
    Attempt,
    Binding,
    Frozen,
    Instant,
    Links,
    Mark,
    Repeat,
    ResourceRef,
    Series,
    Source,
    State,
    Status,
    Sync,
    Telling,
    Trigger,
)

__all__ = [
    "Annotation", "AnnotationFacts", "AnnotationReport", "AnnotationType", "AnyReport", "ApplicationRef", "Attempt",
    "Binding", "Build", "BuildFacts", "BuildReport", "CodeFacts", "Deployment", "Facts", "Frozen", "Instant", "Links",
    "Mark", "Record", "Repeat", "Report", "ResourceRef", "Series", "Source", "State", "Status", "Subject", "Sync",
    "Telling", "Trigger",
]  # fmt: skip


class Subject(Frozen):
    """What can be known of anything. An absent fact is None or empty, never a guess."""

    product: str
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    """Whatever else the sender said, kept as it was."""


class CodeFacts(Subject):
    """What can be known of a piece of code that is built or deployed."""

    version: str | None = None
    repository: str | None = None
    """Normalised: scheme, host and path, no credentials, no ``.git``."""
    commit: str | None = None
    """As reported; a full hash where the source guarantees one."""
    committed_at: Instant | None = None
    """When the commit was made, where its sender says so."""
    branch: str | None = None
    images: tuple[str, ...] = ()
    links: Links = Links()


class Facts(CodeFacts):
    """What can be known of a deployment besides its state."""

    environment: str
    deployed_by: str | None = None
    trigger: Trigger | None = None
    partial: bool = False
    """Only some of the resources were deployed."""
    missed_before: int = 0
    """How many deployments right before this one are known to have happened and to be lost."""
    pull_requests: tuple[str, ...] = ()
    application: ApplicationRef | None = None


class BuildFacts(CodeFacts):
    """What can be known of a build besides its state."""

    version: str
    built_by: str | None = None


class AnnotationFacts(Subject):
    """What can be known of something that happened and is no deployment."""

    environment: str | None = None
    type: AnnotationType
    content: str


class Record(Subject):
    """What is kept, whatever it is of: who told of it when, and where it stands."""

    id: str
    status: Status
    source: Source
    """Of the first report."""
    created_at: Instant
    """When it was first recorded."""
    updated_at: Instant
    """When it was last changed."""
    started_at: Instant | None = None
    finished_at: Instant | None = None
    """When the sender says the work ended. For Argo CD: manifests applied, rollout not included."""
    reason: str | None = None
    """Why this status, and why not counted, in a sentence."""
    version_conflict: str | None = None
    """The commit that this version was first seen with, when this record says it is another."""
    attempt: Attempt | None = None
    """Which of its series it is, when its sender has no ids of its own."""
    tellings: tuple[Telling, ...] = ()
    resource: ResourceRef | None = None

    @property
    def event_type(self) -> str:
        """The dotted name under which it is announced, e.g. ``deployment.completed``."""
        return self.announced_as(self.status)

    def announced_as(self, status: Status) -> str:
        """The same for when it had, or has, this status."""
        return f"{type(self).__name__.lower()}.{status.value}"

    @property
    def duration(self) -> timedelta | None:
        """``finished_at - started_at``; None, not zero, when either is unknown."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at

    @property
    def history(self) -> tuple[State, ...]:
        """Every state with the time it was reached, as told, oldest first. One told again is not reached again."""
        told = sorted(((t.status, t.at) for t in self.tellings), key=lambda state: (state[1], state[0].rank))
        return tuple(next(same) for _, same in groupby(told, key=lambda state: state[0]))


class Deployment(Facts, Record):
    """One attempt to bring one version of one product into one environment."""

    settled_at: Instant | None = None
    """When health became known, where a source can tell."""
    counted: bool = True
    """Whether DORA metrics count it, once it has a verdict."""
    marks: tuple[Mark, ...] = ()
    """What people said of it, oldest first; the last one holds."""


class Build(BuildFacts, Record):
    """One attempt to make one version of one product."""


class Annotation(AnnotationFacts, Record):
    """A note on the timeline. It has one report, goes nowhere, and is never counted."""

    status: Status = Status.COMPLETED

    def announced_as(self, status: Status) -> str:
        """``annotation.comment`` and the like."""
        return f"annotation.{self.type.value}"


R = TypeVar("R", bound=Record)


class AnyReport(Frozen, Generic[R]):
    """What somebody told us, once, in our words; ``R`` is the record it makes."""

    id: str
    """The record it belongs to, computed by record.identity from the source's own key; of a series, its first."""
    telling: Telling
    facts: Subject
    started_at: Instant | None = None
    finished_at: Instant | None = None
    reason: str | None = None
    """Why this status, and why not counted, in a sentence."""
    repeat: Repeat = Repeat.KEEP
    binding: Binding = Binding.NONE
    series: Series | None = None
    """Of whose records the report joins the newest or begins the next; None when ``id`` is the sender's own."""
    attempt: Attempt | None = None
    """Filled in by the store, together with ``id``, for a report of a series."""
    version_conflict: str | None = None
    """Filled in by the store when a lenient binding found another commit."""
    resource: ResourceRef | None = None

    @property
    def makes(self) -> type[R]:
        """The type of its record."""
        raise NotImplementedError


class Report(AnyReport[Deployment]):
    """A report about a deployment."""

    facts: Facts
    settled_at: Instant | None = None
    counted: bool = True
    """Whether DORA metrics count it, once it has a verdict."""
    sync: Sync | None = None
    """The sync of Argo CD's that it speaks of, when it may be one that is watched here (see sources.hearsay)."""

    @property
    def makes(self) -> type[Deployment]:
        """See AnyReport."""
        return Deployment


class BuildReport(AnyReport[Build]):
    """A report about a build."""

    facts: BuildFacts

    @property
    def makes(self) -> type[Build]:
        """See AnyReport."""
        return Build


class AnnotationReport(AnyReport[Annotation]):
    """A note to be kept; its telling's status is completed."""

    facts: AnnotationFacts

    @property
    def makes(self) -> type[Annotation]:
        """See AnyReport."""
        return Annotation
