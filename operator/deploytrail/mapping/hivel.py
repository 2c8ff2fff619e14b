"""Hivel's words into ours: the eight provider tables of its document, and what stands for a product and a version."""

import re
from collections.abc import Mapping

from deploytrail.mapping.images import tag_of
from deploytrail.record.model import Status

SUCCESS, FAILED, CANCELED, UNKNOWN = Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.UNKNOWN

PROVIDERS: Mapping[str, Mapping[str, Status]] = {
    "Jenkins": {
        "SUCCESS": SUCCESS,
        "FAILURE": FAILED,
        "UNSTABLE": FAILED,
        "ABORTED": CANCELED,
        "NOT_BUILT": UNKNOWN,
    },
    "GitHub Actions": {
        "success": SUCCESS,
        "failure": FAILED,
        "timed_out": FAILED,
        "canceled": CANCELED,
        "neutral": UNKNOWN,
        "skipped": UNKNOWN,
        "stale": UNKNOWN,
        "action_required": UNKNOWN,
    },
    "GitLab CI": {
        "success": SUCCESS,
        "failed": FAILED,
        "canceled": CANCELED,
        "manual": UNKNOWN,
        "skipped": UNKNOWN,
        "pending": UNKNOWN,
        "running": UNKNOWN,
    },
    "CircleCI": {
        "success": SUCCESS,
        "failed": FAILED,
        "timedout": FAILED,
        "infrastructure_fail": FAILED,
        "canceled": CANCELED,
        "not_run": UNKNOWN,
        "on_hold": UNKNOWN,
        "queued": UNKNOWN,
        "running": UNKNOWN,
    },
    "Argo Workflows": {
        "Succeeded": SUCCESS,
        "Failed": FAILED,
        "Error": FAILED,
        "Skipped": UNKNOWN,
        "Omitted": UNKNOWN,
        "Pending": UNKNOWN,
        "Running": UNKNOWN,
    },
    "Azure DevOps": {
        "succeeded": SUCCESS,
        "failed": FAILED,
        "canceled": CANCELED,
        "partiallySucceeded": UNKNOWN,
        "succeededWithIssues": UNKNOWN,
    },
    "Argo CD": {
        "Failed": FAILED,
        "Error": FAILED,
        "Degraded": FAILED,
        "Running": UNKNOWN,
        "Terminating": UNKNOWN,
        "Progressing": UNKNOWN,
        "Missing": UNKNOWN,
        "Suspended": UNKNOWN,
    },
    "Hivel": {
        "success": SUCCESS,
        "failed": FAILED,
        "canceled": CANCELED,
        "cancelled": CANCELED,
        "unknown": UNKNOWN,
    },
}
"""As the document lists them. No request names its provider, so they are read as one table, whatever the case."""

_MERGED = {word.lower(): status for table in PROVIDERS.values() for word, status in table.items()}

ARGOCD_PHASES = frozenset({"succeeded", "failed", "error", "running", "terminating"})
ARGOCD_HEALTHS = frozenset({"healthy", "degraded", "progressing", "missing", "suspended", "unknown"})

WORDS: Mapping[Status, str] = {
    SUCCESS: "success",
    FAILED: "failed",
    CANCELED: "canceled",
    UNKNOWN: "unknown",
}
"""What Hivel calls each of our verdicts."""


def parse_status(raw: str) -> Status:
    """The verdict. Never refused: what no table knows is unknown. ``Succeeded/Degraded`` is read as Argo CD's pair."""
    match re.findall(r"[a-z]+", raw.lower()):
        case [phase, health] if phase in ARGOCD_PHASES and health in ARGOCD_HEALTHS:
            return judge_argocd(phase=phase, health=health)
        case _:
            return _MERGED.get(raw.strip().lower(), UNKNOWN)


def judge_argocd(*, phase: str, health: str) -> Status:
    """Both of Argo CD's words at once: only Succeeded and Healthy together are a success."""
    phase, health = phase.lower(), health.lower()
    if phase in ("failed", "error") or health == "degraded":
        return FAILED
    return SUCCESS if (phase, health) == ("succeeded", "healthy") else UNKNOWN


def product_of(repository: str) -> str:
    """The product a repository stands for: its path, without scheme and host."""
    return repository.partition("://")[2].partition("/")[2] if "://" in repository else repository


def version_of(*, image: str | None, commit: str | None, build_number: str | None) -> str | None:
    """The best name of what was deployed: the image's tag, else the commit, else the build's number."""
    return (tag_of(image) if image else None) or commit or build_number
