"""What the nouns are made of: the closed sets of words, and small values that are compared by content."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from deploytrail.record.instant import to_utc

Instant = Annotated[AwareDatetime, AfterValidator(to_utc)]
"""A point in time, UTC."""


class Frozen(BaseModel):
    """A value: compared by content, never changed in place."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Status(StrEnum):
    """Where a record stands. ``unknown`` is terminal without a verdict: shown, never counted, and never of a build."""

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
    VERSIONER = "versioner"
    VIBEMONITOR = "vibemonitor"
    QUANTA = "quanta"
    GITLAB = "gitlab"
    GITHUB = "github"
    CDEVENTS = "cdevents"
    ARGOCD_NOTIFICATIONS = "argocd-notifications"
    KUBECTL = "kubectl"


class Repeat(StrEnum):
    """What a second terminal report with other content means for its record."""

    CONFLICT = "conflict"
    """The sender promised one report per identity: refused."""
    KEEP = "keep"
    """The first verdict stands, the second is noted nowhere (the Argo CD tracker never reopens). But one that was told
    second-hand gives way to that of who watches."""
    YIELD = "yield"
    """Whatever verdict is there stands: this one is for want of a better."""
    NOTE = "note"
    """Kept with the record, whose status and times stay untouched: somebody watches it and knows better."""
    NEWEST = "newest"
    """Both are kept in the history, the status follows the newest event time."""


class Binding(StrEnum):
    """What a report's commit means for its version, which has one commit for ever (see record.version)."""

    STRICT = "strict"
    """A version that has another commit is refused, with everything else the report says."""
    LENIENT = "lenient"
    """It happened all the same: recorded, and marked as a conflict."""
    NONE = "none"
    """The commit is not the version's, such as that of the repository Argo CD deploys from: nothing is compared."""


class AnnotationType(StrEnum):
    """What kind of thing was noted on the timeline."""

    CONFIG_CHANGE = "config_change"
    COMMENT = "comment"
    CRON = "cron"
    CUSTOM = "custom"


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
    """The DeploymentEvent or BuildEvent a report was read from, when somebody applied one."""

    namespace: str
    name: str
    uid: str


class Series(Frozen):
    """What a sender without ids of its own means by the same words: one record, and when that is over, the next.

    Its reports carry no record's id of their own; record.series judges which of the records each belongs to.
    """

    key: str = Field(pattern="^[a-z2-7]{1,63}$")
    """Digest of those words, computed by record.identity; safe as a label."""
    name: str
    """What the ids of its records begin with."""
    window: timedelta | None = None
    """How long the same content again is a replay. None: as long as the store is told (C091b); zero: never."""
    ends_once: bool = False
    """Whether another end is always that of the next record: many of its senders tell of ends only."""


class Sync(Frozen):
    """What somebody else than Argo CD knows of the sync that it reports, as a hook of its own does."""

    application: str | None = None
    """Name or uid. None: that of the report's repository in the report's environment."""
    namespace: str | None = None
    revision: str | None = None
    started_at: Instant | None = None
    """``operationState.startedAt``, for those who can read it."""
    sure: bool = True
    """Whether the sender says that it speaks of Argo CD; otherwise it may be a coincidence of names."""


class Attempt(Frozen):
    """Which record of a series, counted from 1."""

    series: str
    number: int = Field(ge=1)


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


class Mark(Frozen):
    """What a person said of a deployment, when; it takes the place of the one before."""

    at: Instant
    by: str
    """The name of the key; never a secret."""
    failure: bool | None = None
    """Whether it was a failure; None leaves that to the definitions."""
    counted: bool | None = None
    """Whether DORA metrics count it; None leaves that to the source."""
    comment: str | None = None


State = tuple[Status, datetime]
"""A state and when it was reached."""
