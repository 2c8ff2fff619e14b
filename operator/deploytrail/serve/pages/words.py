"""Times, durations and links as a person reads them. What others sent is never trusted to be a link."""

import re
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

_STEPS = (
    (60, 1, "s"),
    (3600, 60, "min"),
    (86_400, 3600, "h"),
    (86_400 * 60, 86_400, "d"),
    (86_400 * 730, 86_400 * 30.44, "mo"),
)
_COMMIT = re.compile(r"[0-9A-Fa-f]{7,64}")


def age(then: datetime, now: datetime) -> str:
    """``now``, ``4 min``, ``3 h``, ``12 d``: how long ago, in one unit. What lies ahead is a clock's fault: ``now``."""
    seconds = (now - then).total_seconds()
    if seconds < 5:
        return "now"
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds / (86_400 * 365.25):.0f} y"


def span(length: timedelta | float | None) -> str:
    """``45 s``, ``15 min 30 s``, ``3 h 5 min``, ``2 d 4 h``: how long something took, in two units at most."""
    if length is None:
        return ""
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    parts, rest = [], abs(seconds)
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def safe_link(text: str | None) -> str | None:
    """The text, if a browser may follow it: http or https with a host, and nothing that could run."""
    if text is None or re.search(r"[\x00-\x20\x7f\\]", text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme.lower() in ("http", "https") and parts.hostname else None


def commit_link(repository: str | None, commit: str | None) -> str | None:
    """Where the commit can be read, as GitHub, GitLab, Bitbucket, Gitea and their like write it."""
    home = safe_link(repository)
    if home is None or commit is None or not _COMMIT.fullmatch(commit):
        return None
    host = urlsplit(home).hostname or ""
    part = "-/commit" if "gitlab" in host else "commits" if "bitbucket" in host else "commit"
    return f"{home.rstrip('/')}/{part}/{quote(commit)}"


def short(commit: str | None) -> str | None:
    """The first seven of a commit's digits; anything else as it is."""
    return commit[:7] if commit and _COMMIT.fullmatch(commit) else commit
