"""CDEvents' words into ours: what each of its events tells of, in the lines 0.4 and 0.5.

https://cdevents.dev/docs/
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from deploytrail.record.model import Status


class Tells(StrEnum):
    """What kind of record an event is about."""

    DEPLOYMENT = "deployment"
    """A service that was brought somewhere: the event is the whole of it."""
    RUN = "run"
    """Something that begins and ends: several events share its id."""
    ARTIFACT = "artifact"
    """A version of a product that is there."""
    NOTE = "note"
    """Something that happened to a service and is no deployment."""


class Meaning(NamedTuple):
    """What one type of event says."""

    tells: Tells
    status: Status


_RUNS = {
    (subject, predicate): Meaning(Tells.RUN, status)
    for subject in ("pipelinerun", "taskrun", "build", "deployment")
    for predicate, status in (
        ("queued", Status.PENDING),
        ("started", Status.STARTED),
        ("finished", Status.COMPLETED),
    )
}

MEANINGS: Mapping[tuple[str, str], Meaning] = {
    ("service", "deployed"): Meaning(Tells.DEPLOYMENT, Status.COMPLETED),
    ("service", "upgraded"): Meaning(Tells.DEPLOYMENT, Status.COMPLETED),
    ("service", "rolledback"): Meaning(Tells.DEPLOYMENT, Status.COMPLETED),
    ("service", "removed"): Meaning(Tells.NOTE, Status.COMPLETED),
    ("service", "published"): Meaning(Tells.NOTE, Status.COMPLETED),
    **_RUNS,
    ("artifact", "packaged"): Meaning(Tells.ARTIFACT, Status.COMPLETED),
    ("artifact", "signed"): Meaning(Tells.ARTIFACT, Status.COMPLETED),
    ("artifact", "published"): Meaning(Tells.ARTIFACT, Status.COMPLETED),
}
"""By subject and predicate, whatever the version of the type. Of the others nothing is recorded."""

OUTCOMES: Mapping[Status, tuple[str, ...]] = {
    Status.COMPLETED: ("success",),
    Status.FAILED: ("failure", "error"),
    Status.ABORTED: ("cancel",),
}
"""Of runs that finished, as the specification lists them."""

UNDOCUMENTED: Mapping[Status, tuple[str, ...]] = {
    Status.COMPLETED: ("succeeded", "completed"),
    Status.FAILED: ("failed",),
    Status.ABORTED: ("canceled", "cancelled", "aborted"),
}
"""How those spell it who put it among their own data, where an event has no word for it."""

_OUTCOMES = {word: status for table in (OUTCOMES, UNDOCUMENTED) for status, words in table.items() for word in words}
_TYPE = re.compile(
    r"dev\.(?:cdevents\.|cdeventsx\.[A-Za-z0-9]+-)"
    r"(?P<subject>[A-Za-z]+)\.(?P<predicate>[A-Za-z]+)\.\d+\.\d+\.\d+\S*"
)


def parse_type(written: str) -> tuple[str, str] | None:
    """Subject and predicate, in lower case, of the specification's types and of tools' own (``dev.cdeventsx.``).

    None for what is no type of CDEvents.
    """
    found = _TYPE.fullmatch(written)
    return (found["subject"].lower(), found["predicate"].lower()) if found else None


def parse_outcome(raw: str) -> Status | None:
    """How a run ended; None for a word that is none."""
    return _OUTCOMES.get(raw.strip().lower())
