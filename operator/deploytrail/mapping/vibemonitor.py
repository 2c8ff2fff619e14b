"""Vibe Monitor's words into ours: statuses, sources, and branches as CI systems write them."""

import re
from collections.abc import Mapping

from deploytrail.record.model import Status

STATUSES: Mapping[str, Status] = {
    "pending": Status.PENDING,
    "in_progress": Status.STARTED,
    "success": Status.COMPLETED,
    "failed": Status.FAILED,
    "cancelled": Status.ABORTED,
}

UNDOCUMENTED: Mapping[str, Status] = {"canceled": Status.ABORTED}
"""The American spelling."""

WORDS: Mapping[Status, str] = {status: word for word, status in STATUSES.items()}
"""What Vibe Monitor calls each of our statuses."""

SOURCES = ("webhook", "github_actions", "argocd", "jenkins")

_REMOTE = re.compile(r"^(?:refs/heads/|refs/remotes/origin/|remotes/origin/|origin/)(?=.)")


def parse_status(raw: str) -> Status | None:
    """The status; None for a word that is not in the table."""
    return STATUSES.get(raw) or UNDOCUMENTED.get(raw)


def branch_of(raw: str) -> str:
    """The branch itself: Jenkins says ``origin/main``, others ``refs/heads/main``."""
    return _REMOTE.sub("", raw)
