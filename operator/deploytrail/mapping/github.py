"""GitHub's words into ours: the states of its deployments, and where its workflow runs stand."""

from collections.abc import Mapping

from deploytrail.record.model import Status

DEPLOYMENT_STATES: Mapping[Status, tuple[str, ...]] = {
    Status.PENDING: ("pending", "queued", "waiting"),
    Status.STARTED: ("in_progress",),
    Status.COMPLETED: ("success",),
    Status.FAILED: ("failure", "error"),
}
"""https://docs.github.com/en/rest/deployments/statuses"""

REPLACED = "inactive"
"""What GitHub says of a deployment when a newer one took its place: no verdict on it."""

RUN_STATUSES: Mapping[Status, tuple[str, ...]] = {
    Status.PENDING: ("requested", "queued", "waiting", "pending"),
    Status.STARTED: ("in_progress",),
}
"""https://docs.github.com/en/rest/actions/workflow-runs, but for ``completed``: then the conclusion says more."""

CONCLUSIONS: Mapping[Status, tuple[str, ...]] = {
    Status.PENDING: ("action_required",),
    Status.COMPLETED: ("success", "neutral"),
    Status.FAILED: ("failure", "timed_out", "startup_failure"),
    Status.ABORTED: ("cancelled", "skipped", "stale"),
}
"""Neutral is as good as success to GitHub's own checks; after action_required a person decides."""

_STATES = {word: status for status, words in DEPLOYMENT_STATES.items() for word in words}
_RUNS = {word: status for status, words in RUN_STATUSES.items() for word in words}
_ENDS = {word: status for status, words in CONCLUSIONS.items() for word in words}


def parse_state(raw: str) -> Status | None:
    """Of a deployment; None for a word that GitHub does not have, and for ``inactive``."""
    return _STATES.get(raw)


def parse_run(*, status: str, conclusion: str | None) -> Status | None:
    """Of a workflow run; None for words that GitHub does not have."""
    return _ENDS.get(conclusion or "") if status == "completed" else _RUNS.get(status)
