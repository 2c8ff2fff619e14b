"""What an answer of a Deploytrail means that is none: refused for good, or to be asked again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from deploytrail.errors import Conflict, Reason, Rejected, Unavailable

LONGEST_SENTENCE = 300

_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_REASONS: Mapping[int, Reason] = {401: "authentication", 403: "permission", 404: "not-found", 405: "method"}


def check(answer: httpx.Response, text: str) -> None:
    """Raises Rejected (Conflict), or Unavailable when the same request may work later; or returns."""
    if answer.is_success:
        return
    if answer.is_redirect:
        raise Rejected(f"{answer.url} answers with a redirect: use the URL that it leads to", reason="not-found")
    told = f"{answer.status_code}: {_sentence(answer, text)}"
    if answer.is_server_error or answer.status_code in _AGAIN:
        raise Unavailable(told, retry_after=_retry_after(answer))
    if answer.status_code == HTTPStatus.CONFLICT:
        raise Conflict(f"refused with {told}")
    raise Rejected(f"refused with {told}", reason=_REASONS.get(answer.status_code, "invalid-field"))


def stranger(answer: httpx.Response) -> Rejected:
    """What to raise for a success that is not Deploytrail's, but that of a login page or a proxy."""
    return Rejected(f"{answer.url} does not answer as Deploytrail does: is the URL right?", reason="not-found")


def one_line(text: str) -> str:
    """Fit for a terminal or a job's log, where a line of its own could be a command to the CI system."""
    line = "".join(char if char.isprintable() else " " for char in text).strip()
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]}…"


def parse(text: str) -> Mapping[str, Any]:
    """The object that the text is; empty when it is none."""
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, Mapping) else {}


def _sentence(answer: httpx.Response, text: str) -> str:
    """What the server says, in its own words."""
    told = parse(text)
    said = told.get("detail") or told.get("error") or told.get("message")
    if isinstance(said, Mapping):
        said = said.get("message")
    if said:
        return one_line(said if isinstance(said, str) else json.dumps(said))
    return one_line(answer.reason_phrase) or "no reason given"


def _retry_after(answer: httpx.Response) -> int:
    """Whole seconds; the header holds them, or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return int(said)
    try:
        wait = parsedate_to_datetime(said) - datetime.now(UTC)
    except (TypeError, ValueError):
        return 0
    return max(0, int(wait.total_seconds()) + 1)
