"""What judging needs of one deployment that has ended: small, because there may be millions."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from deploytrail.record.counted import Uncounted, uncounted
from deploytrail.record.marks import current
from deploytrail.record.model import Build, Deployment, Status, Trigger
from deploytrail.record.query import happened_at

TEAM_LABEL = "deploytrail.dev/team"


class Basis(StrEnum):
    """From when a lead time is measured."""

    COMMIT = "commit"
    """When the commit was made."""
    BUILD = "build"
    """When the version was built: the commit's time is not known."""


class Verdict(StrEnum):
    """How it went by itself."""

    LANDED = "landed"
    FAILED = "failed"
    DEGRADED = "degraded"
    """It was applied, and what was deployed did not become or stay healthy."""


class Origin(NamedTuple):
    """When the change that a deployment brings began its way."""

    at: datetime
    basis: Basis


class Entry(NamedTuple):
    """One deployment that has ended. Entries sort as their ends do."""

    at: datetime
    """When it ended: as ``happened_at`` of the record."""
    id: str
    uncounted: Uncounted | None
    verdict: Verdict | None
    """None where ``uncounted``."""
    version: str | None
    """Version, else commit: what two deployments of the same have in common."""
    rollback: bool
    """Its source says that it was one."""
    failure: bool | None
    """What a person said."""
    team: str | None
    lead: int | None
    """Seconds; None where nobody told when the change began, or it is said to have begun after it was deployed."""
    basis: Basis | None
    """None where nobody told."""

    @property
    def landed(self) -> bool:
        """Whether it brought its version to the place."""
        return self.verdict is Verdict.LANDED

    @property
    def succeeded(self) -> bool:
        """Whether it landed and nobody says that it was a failure."""
        return self.verdict is Verdict.LANDED and not self.failure


def entry_of(deployment: Deployment, origin: Origin | None) -> Entry | None:
    """None for one that has not ended. ``origin`` as ``origin_of`` tells it."""
    if not deployment.status.terminal:
        return None
    mark = current(deployment.marks)
    verdict = _verdict(deployment, mark.failure)
    why_not = uncounted(deployment)
    end = happened_at(deployment)
    lead = int((end - origin.at).total_seconds()) if origin is not None and origin.at <= end else None
    return Entry(
        at=end,
        id=deployment.id,
        uncounted=why_not,
        verdict=verdict if why_not is None else None,
        version=deployment.version or deployment.commit,
        rollback=deployment.trigger is Trigger.ROLLBACK,
        failure=mark.failure,
        team=team_of(deployment),
        lead=lead,
        basis=origin.basis if origin is not None else None,
    )


def origin_of(deployment: Deployment, builds: Iterable[Build]) -> Origin | None:
    """The commit's time as the deployment tells it, else as a build of its version does; else when that was built.

    ``builds`` are those of its product and version. Of several, the earliest. Never a guess: None when nobody said.
    """
    if deployment.committed_at is not None:
        return Origin(deployment.committed_at, Basis.COMMIT)
    return origin_of_builds(builds) if deployment.version is not None else None


def origin_of_builds(builds: Iterable[Build]) -> Origin | None:
    """What the builds of one version tell."""
    told = list(builds)
    committed = min((build.committed_at for build in told if build.committed_at is not None), default=None)
    if committed is not None:
        return Origin(committed, Basis.COMMIT)
    built = (happened_at(build) for build in told if build.status is Status.COMPLETED)
    first = min(built, default=None)
    return Origin(first, Basis.BUILD) if first is not None else None


def team_of(deployment: Deployment) -> str | None:
    """``team`` of its metadata, else ``deploytrail.dev/team``: whoever reports it says who answers for it."""
    for name in ("team", TEAM_LABEL):
        value = deployment.metadata.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _verdict(deployment: Deployment, failure: bool | None) -> Verdict | None:
    """A person's word is a verdict, too, where the sources have none, and against a failure that was none."""
    match deployment.status:
        case Status.COMPLETED:
            return Verdict.LANDED
        case Status.FAILED if failure is not False:
            return Verdict.DEGRADED if _degraded(deployment) else Verdict.FAILED
        case Status.ABORTED | Status.UNKNOWN if failure is None:
            return None
    return Verdict.FAILED if failure else Verdict.LANDED


def _degraded(deployment: Deployment) -> bool:
    """Argo CD's pair of words, as its source and Hivel's clients tell it: the sync succeeded, the health did not."""
    ends = [telling for telling in deployment.tellings if telling.status is Status.FAILED and telling.raw_status]
    return any((telling.raw_status or "").lower().endswith("/degraded") for telling in ends)
