"""Report (what somebody told us, once) and Deployment (the record). Field names are those of the read API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from deploytrail.record.instant import to_utc

Instant = Annotated[AwareDatetime, AfterValidator(to_utc)]
"""A point in time, UTC."""


class Frozen(BaseModel):
    """A value: compared by content, never changed in place."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Status(StrEnum):
    """Where a deployment stands. ``unknown`` is terminal without a verdict: shown, never counted."""

    PENDING = "pending"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"

    @property
    def terminal(self) -> bool:
        """Whether nothing more is awaited."""
        return self not in (Status.PENDING, Status.STARTED)

    @property
    def rank(self) -> int:
        """How far along: a record's status never moves to a lower rank."""
        return {Status.PENDING: 0, Status.STARTED: 1}.get(self, 2)

    @property
    def event_type(self) -> str:
        """The dotted name under which it is announced, e.g. ``deployment.completed``."""
        return f"deployment.{self.value}"


class Trigger(StrEnum):
    """What set the deployment off."""

    MANUAL = "manual"
    AUTOMATED = "automated"
    SELF_HEAL = "self-heal"
    ROLLBACK = "rollback"
    DIRECT = "direct"
    API = "api"
    KUBECTL = "kubectl"


class Source(StrEnum):
    """Through which door a report came."""

    ARGOCD = "argocd"
    HIVEL = "hivel"
    KUBECTL = "kubectl"


class Repeat(StrEnum):
    """What a second terminal report with other content means for its record."""

    CONFLICT = "conflict"
    """The sender promised one report per identity: refused."""
    KEEP = "keep"
    """The first verdict stands, the second is noted nowhere (the Argo CD tracker never reopens)."""
    NEWEST = "newest"
    """Both are kept in the history, the status follows the newest event time."""


class Links(Frozen):
    """Where to read more."""

    build: str | None = None
    logs: str | None = None
    ui: str | None = None


class ApplicationRef(Frozen):
    """The Argo CD Application a deployment belongs to."""

    namespace: str
    name: str
    uid: str
    instance: str | None = None
    """``status.controllerNamespace``: which Argo CD, when a cluster has several."""
    history_id: int | None = None
    revisions: tuple[str, ...] = ()
    """All resolved revisions, in the order of the Application's sources."""


class ResourceRef(Frozen):
    """The DeploymentEvent a report was read from, when somebody applied one."""

    namespace: str
    name: str
    uid: str


class Facts(Frozen):
    """What can be known of a deployment besides its state. An absent fact is None or empty, never a guess."""

    product: str
    environment: str
    version: str | None = None
    repository: str | None = None
    """Normalised: scheme, host and path, no credentials, no ``.git``."""
    commit: str | None = None
    """As reported; a full hash where the source guarantees one."""
    branch: str | None = None
    images: tuple[str, ...] = ()
    deployed_by: str | None = None
    trigger: Trigger | None = None
    partial: bool = False
    """Only some of the resources were deployed."""
    links: Links = Links()
    pull_requests: tuple[str, ...] = ()
    application: ApplicationRef | None = None
    metadata: Mapping[str, Any] = Field(default_factory=dict)
    """Whatever else the sender said, kept as it was."""


class Telling(Frozen):
    """One accepted report as it is kept with its record: what was said, when, by whom."""

    source: Source
    status: Status
    at: Instant
    """When the state was reached, by the sender's clock."""
    received_at: Instant
    """When we heard of it, by ours."""
    reporter: str | None = None
    """The name of the key, or of the Kubernetes user; never a secret."""
    raw_status: str | None = None
    """The sender's own word."""
    body: str | None = None
    """The payload as it came, for replay after a mapping is mended."""
    fingerprint: str = ""
    """Digest of the content: the same telling twice is a replay."""


class Report(Frozen):
    """What somebody told us, once, in our words."""

    id: str
    """The record it belongs to, computed by record.identity from the source's own key."""
    telling: Telling
    facts: Facts
    started_at: Instant | None = None
    finished_at: Instant | None = None
    settled_at: Instant | None = None
    counted: bool = True
    """Whether DORA metrics count it, once it has a verdict."""
    reason: str | None = None
    """Why this status, and why not counted, in a sentence."""
    repeat: Repeat = Repeat.KEEP
    resource: ResourceRef | None = None


class Deployment(Facts):
    """The record: one attempt to bring one version of one product into one environment."""

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
    settled_at: Instant | None = None
    """When health became known, where a source can tell."""
    counted: bool = True
    reason: str | None = None
    tellings: tuple[Telling, ...] = ()
    resource: ResourceRef | None = None

    @property
    def duration(self) -> timedelta | None:
        """``finished_at - started_at``; None, not zero, when either is unknown."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at

    @property
    def history(self) -> tuple[tuple[Status, datetime], ...]:
        """Every state with the time it was reached, as told, oldest first."""
        return tuple(sorted(((t.status, t.at) for t in self.tellings), key=lambda state: (state[1], state[0].rank)))
