"""The words by which CI systems say how a job stands, brought to the five of an event. Pure."""

from collections.abc import Mapping
from typing import Literal

from deploytrail.errors import Misconfigured

Status = Literal["pending", "started", "completed", "failed", "aborted"]

WORDS: Mapping[Status, tuple[str, ...]] = {
    "pending": ("pending", "queued", "scheduled"),
    "started": ("started", "in_progress", "init", "deploying", "building", "running"),
    # SucceededWithIssues: to Azure Pipelines a success, as its condition succeeded() shows.
    # Completed: Tekton's success with tasks that were skipped.
    "completed": (
        "completed", "success", "successful", "succeeded", "succeededwithissues", "complete", "finished", "deployed",
        "built", "passed", "0",
    ),
    "failed": ("failed", "fail", "failure", "error", "errored", "unstable", "timed_out", "timedout"),
    # None: what is left of a Tekton pipeline that was cancelled or ran out of time.
    "aborted": ("aborted", "abort", "cancelled", "canceled", "cancel", "skipped", "not_built", "none"),
}  # fmt: skip
"""Case does not matter. A number is an exit code, as Bitbucket Pipelines gives it: all but 0 have failed."""

_STATUSES: Mapping[str, Status] = {word: status for status, words in WORDS.items() for word in words}


def parse_status(word: str) -> Status:
    """The status. Raises Misconfigured for a word that no system has: the caller's job went wrong, or its script."""
    said = word.strip().lower()
    if said in _STATUSES:
        return _STATUSES[said]
    if said.isdecimal():
        return "failed"
    raise Misconfigured(f"{word!r} is no status: say {', '.join(WORDS)}, or your CI system's word for one of them")
