"""What one Application says at one instant, in the few words the tracker needs. Built by mapping.application."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Application:
    """Which Application: the uid is its identity, a recreated one is another."""

    namespace: str
    name: str
    uid: str
    instance: str | None = None
    """``status.controllerNamespace``: which Argo CD manages it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Under which names its deployments are recorded. Taken once per operation, so that a record never changes them."""

    product: str
    environment: str
    version: str | None = None
    """Given by annotation or label; otherwise it is read off what was deployed."""
    team: str | None = None
    """Who answers for it, given by annotation or label."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the Application's own annotations ask for; None leaves the policy as it is."""

    settle: timedelta | None = None
    deadline: timedelta | None = None
    track_partial: bool | None = None
    ignored: bool = False
    """Nothing new is recorded; what is open is still awaited."""


UNTUNED = Tuning()


@dataclass(frozen=True, slots=True)
class AppSource:
    """One source of manifests."""

    repo_url: str
    """As Argo CD uses it, without credentials."""
    path: str | None = None
    chart: str | None = None
    ref: str | None = None
    target: str | None = None
    """``targetRevision``: a branch, tag or range; never a commit."""

    @property
    def is_git(self) -> bool:
        """Whether its revisions are commits."""
        return bool(self.repo_url) and not self.chart and not self.repo_url.startswith("oci://")


class Hydration(NamedTuple):
    """Argo CD's source hydrator rendered one commit from another."""

    hydrated: str
    dry: str
    """The author's."""


@dataclass(frozen=True, slots=True)
class Dry:
    """Where the author's commit is when Argo CD's source hydrator rendered another one from it."""

    repo_url: str
    commit: str | None = None
    """None when nothing says which dry commit the deployed one was rendered from."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What an operation deployed."""

    revisions: tuple[str, ...] = ()
    """In the order of the sources; empty when none was resolved."""
    sources: tuple[AppSource, ...] = ()
    images: tuple[str, ...] = ()
    failed_hook: str | None = None
    """``PostSync hook batch/Job/smoke-test``, when one failed."""
    dry: Dry | None = None

    def rendered(self, hydrations: Iterable[Hydration]) -> "SyncResult":
        """The same, with the dry commit that one of the hydrations tells, if it is not known yet."""
        if self.dry is None or self.dry.commit is not None:
            return self
        found = next((each.dry for each in hydrations if each.hydrated in self.revisions), None)
        return replace(self, dry=Dry(self.dry.repo_url, found))


NOTHING = SyncResult()
"""Nothing is known to have been deployed."""


@dataclass(frozen=True, slots=True)
class Request:
    """An operation as somebody asked for it."""

    username: str | None = None
    automated: bool = False
    revisions: tuple[str, ...] = ()
    resources: int = 0
    """How many resources were selected; 0 means all of them."""
    manifests: bool = False
    """The manifests came with the request (``--local``), so there is no revision."""
    dry_run: bool = False
    heals: int = 0
    """``autoHealAttemptsCount``: 1 or more in a self-heal."""
    retry_limit: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """``status.operationState``."""

    phase: str
    started_at: datetime | None
    finished_at: datetime | None
    request: Request
    """``operationState.operation``: what was asked for, or what shines through from an older operation."""
    message: str
    retries: int
    result: Callable[[], SyncResult]
    """Read only when an operation ends: a large Application has thousands of resources in it."""

    @property
    def completed(self) -> bool:
        """Whether the phase is a terminal one. ``finished_at`` says nothing: between retries it is set, too."""
        return self.phase in ("Succeeded", "Failed", "Error")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of ``status.history``: a full operation that succeeded."""

    id: int
    started_at: datetime
    deployed_at: datetime
    revisions: tuple[str, ...]
    username: str | None
    automated: bool
    result: Callable[[], SyncResult]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One Application at one instant."""

    application: Application
    subject: Subject
    tuning: Tuning = UNTUNED
    created_at: datetime | None = None
    generation: int = 0
    deleting: bool = False
    """It has a deletionTimestamp."""
    deleted: bool = False
    """It is gone; this is how it was last."""
    request: Request | None = None
    """Top-level ``operation``."""
    state: State | None = None
    reconciled_at: datetime | None = None
    health: str | None = None
    health_changed_at: datetime | None = None
    """``health.lastTransitionTime``."""
    sync_status: str | None = None
    sync_revisions: tuple[str, ...] = ()
    """The head of what is compared, not what is deployed."""
    history: tuple[Entry, ...] = ()
    """Oldest first."""
    images: tuple[str, ...] = ()
    """``status.summary.images``; during a rollout old and new."""
    hydrations: tuple[Hydration, ...] = ()
    """The newest ones; the next takes their place, also while what was rendered is still being deployed."""
    problems: tuple[str, ...] = ()
    """Annotations that could not be read, each in a sentence; worth a warning."""

    def entry(self, started_at: datetime) -> Entry | None:
        """The history entry of the operation that started then: proof that it was full, real and successful."""
        return next((entry for entry in reversed(self.history) if entry.started_at == started_at), None)
