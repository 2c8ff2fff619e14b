"""GitLab's words into ours: the states of its deployments and pipelines, and its times."""

import re
from collections.abc import Mapping
from datetime import datetime

from deploytrail.mapping.times import parse_instant
from deploytrail.record.model import Status

STATUSES: Mapping[Status, tuple[str, ...]] = {
    Status.PENDING: (
        "created", "blocked", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "scheduled",
        "manual",
    ),
    Status.STARTED: ("running", "canceling"),
    Status.COMPLETED: ("success",),
    Status.FAILED: ("failed",),
    Status.ABORTED: ("canceled", "skipped"),
}  # fmt: skip

_WORDS = {word: status for status, words in STATUSES.items() for word in words}
_RELEASE = re.compile(r"v?\d+(\.\d+)+\S*")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def parse_status(raw: str) -> Status | None:
    """The status; None for a word that GitLab does not have."""
    return _WORDS.get(raw)


def parse_time(written: str) -> datetime:
    """As its hooks write it: ``2021-04-28 21:50:00 +0200``, ``2016-08-12 15:26:29 UTC``. ValueError otherwise."""
    return parse_instant(written.strip().removesuffix(" UTC"))


def commit_of(commit_url: str | None, short: str | None) -> str | None:
    """The whole commit, which a deployment hook tells in a URL only; else the short one."""
    last = commit_url.rstrip("/").rpartition("/")[2] if commit_url else ""
    return last if _COMMIT.fullmatch(last) else short


def version_of(*, ref: str | None, commit: str | None) -> str | None:
    """The ref when it reads like a release, ``v1.2.3``; hooks of deployments do not say whether it is a tag."""
    return ref if ref and _RELEASE.fullmatch(ref) else commit
