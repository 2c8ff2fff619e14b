"""Versioner's words into ours: the status tables of its two documents, joined. The one on event types lists more."""

from collections.abc import Mapping

from deploytrail.record.model import Status

DEPLOYMENT: Mapping[Status, tuple[str, ...]] = {
    Status.PENDING: ("pending", "queued", "scheduled"),
    Status.STARTED: ("started", "in_progress", "init", "deploying"),
    Status.COMPLETED: ("success", "completed", "complete", "finished", "deployed"),
    Status.FAILED: ("failed", "fail", "failure", "error"),
    Status.ABORTED: ("aborted", "abort", "cancelled", "cancel", "skipped"),
}

BUILD: Mapping[Status, tuple[str, ...]] = {
    **DEPLOYMENT,
    Status.STARTED: ("started", "in_progress", "init", "building"),
    Status.COMPLETED: ("success", "completed", "complete", "finished", "built"),
}

UNDOCUMENTED: Mapping[Status, tuple[str, ...]] = {Status.ABORTED: ("canceled",)}
"""How GitHub, GitLab and Hivel spell it."""

_WORDS = {
    word: status for table in (DEPLOYMENT, BUILD, UNDOCUMENTED) for status, words in table.items() for word in words
}


def parse_status(raw: str) -> Status | None:
    """The status, whatever the case and the blanks around it; None for a word that no table has.

    The official client checks both kinds of event against one table, so ``built`` is good for a deployment too.
    """
    return _WORDS.get(raw.strip().lower())
