"""Posting a report, again and again, until somebody answers or patience ends."""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from deploytrail import __version__
from deploytrail.errors import Unavailable
from deploytrail.remote.answers import one_line
from deploytrail.remote.destination import Destination
from deploytrail.reporting.answers import recorded_as

TRY_SECONDS = 10.0
"""The longest that one try waits for anything to move; shorter when less is left."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between tries, doubled each time. The real pause lies between half of it and all of it, so that jobs that
failed together do not come back together."""

MOST_BYTES = 65536
"""Of an answer: ours have a few hundred."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on, and by which clock. Tests bring their own."""

    seconds: float = 30.0
    """For all tries and the pauses between them."""
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    """Between 0 and 1."""


def send(
    destination: Destination,
    path: str,
    body: Mapping[str, Any],
    *,
    patience: Patience,
    note: Callable[[str], None],
    transport: httpx.BaseTransport | None = None,
) -> str:
    """Post the body, the same bytes on every try; returns the id under which it is recorded.

    ``note`` is told of each failed try that another follows. Raises Rejected (Conflict) with the sentence of whoever
    refused it, and Unavailable when nobody took it in time.
    """
    headers = {
        "Authorization": f"Bearer {destination.key}",
        "Content-Type": "application/json",
        "User-Agent": f"deploytrail/{__version__}",
    }
    url, content = destination.url + path, json.dumps(body).encode()
    deadline, tries, pause = patience.clock() + patience.seconds, 0, FIRST_PAUSE
    with httpx.Client(headers=headers, transport=transport) as client:
        while True:
            tries += 1
            try:
                return _post(client, url, content, seconds=min(TRY_SECONDS, deadline - patience.clock()))
            except Unavailable as problem:
                wait = max(pause * (1 + patience.chance()) / 2, problem.retry_after)
                if patience.clock() + wait >= deadline or _is_lasting(problem):
                    raise Unavailable(f"{url} took no report in {_times(tries)}: {problem}") from problem
                note(f"{problem}; trying again in {wait:.1f} s")
                patience.pause(wait)
                pause = min(pause * 2, LONGEST_PAUSE)


def _post(client: httpx.Client, url: str, content: bytes, *, seconds: float) -> str:
    try:
        with client.stream("POST", url, content=content, timeout=seconds) as answer:
            text = _read(answer, seconds=seconds)
    except httpx.RequestError as error:
        raise Unavailable(one_line(str(error)) or "no answer in time", retry_after=0) from error
    return recorded_as(answer, text)


def _read(answer: httpx.Response, *, seconds: float) -> str:
    """The beginning of the answer: nothing that drips, or never ends, holds us up."""
    content, began = b"", time.monotonic()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > MOST_BYTES or time.monotonic() - began > seconds:
            break
    return content[:MOST_BYTES].decode(errors="replace")


def _is_lasting(problem: Unavailable) -> bool:
    """A certificate does not get better by asking again."""
    return "CERTIFICATE_VERIFY_FAILED" in problem.message


def _times(tries: int) -> str:
    return "one try" if tries == 1 else f"{tries} tries"
