"""Play a recorded watch stream of an Application against an API server."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from tests.argocd.applications import Application, Applications, Missing
from tests.argocd.pace import Pace, text

Shift = Literal["start", "end"]

GIVEN_BY_THE_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def play_stream(
    path: Path, applications: Applications, *, namespace: str, pace: Pace, shift_to_now: Shift | None = None
) -> int:
    """Write every state of the stream, at the recorded intervals, and return how many there were.

    ``shift_to_now`` moves all times in the objects so that the stream's start or its end is the present moment.
    Played faster than it was recorded, "start" puts times into the future; "end" never does.
    """
    events = [json.loads(line) for line in path.read_text().splitlines()]
    moments = [datetime.fromisoformat(event["observedAt"]) for event in events]
    anchor = {"start": moments[0], "end": moments[-1], None: None}[shift_to_now]
    shift = timedelta() if anchor is None else pace.clock() - anchor
    before = moments[0]
    for event, moment in zip(events, moments, strict=True):
        pace.wait((moment - before).total_seconds())
        before = moment
        _play(event["type"], _shifted(event["object"], shift), applications, namespace)
    return len(events)


def _play(kind: str, recorded: Application, applications: Applications, namespace: str) -> None:
    """Bring the stored Application to the recorded state; its identity is the API server's own."""
    metadata = {key: value for key, value in recorded["metadata"].items() if key not in GIVEN_BY_THE_SERVER}
    wanted = recorded | {"metadata": metadata | {"namespace": namespace}}
    stored = _stored(applications, metadata["name"])
    if kind == "DELETED":
        _delete(applications, wanted, stored)
    elif stored is None:
        applications.create(wanted)
    else:
        # Without finalizers the object would be gone at once, and the states after this one would have no place.
        leaving = "deletionTimestamp" in recorded["metadata"] and "deletionTimestamp" not in stored["metadata"]
        if leaving and stored["metadata"].get("finalizers"):
            applications.delete(metadata["name"])
            stored = applications.get(metadata["name"])
        wanted["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
        applications.replace(wanted)


def _delete(applications: Applications, wanted: Application, stored: Application | None) -> None:
    if stored is None:
        return
    leaving = "deletionTimestamp" in stored["metadata"]
    if stored["metadata"].get("finalizers"):
        applications.patch(wanted["metadata"]["name"], {"metadata": {"finalizers": None}})
    if not leaving:
        applications.delete(wanted["metadata"]["name"])


def _stored(applications: Applications, name: str) -> Application | None:
    try:
        return applications.get(name)
    except Missing:
        return None


def _shifted(value: Any, shift: timedelta) -> Any:
    """The same value with every time in it moved."""
    if isinstance(value, dict):
        return {key: _shifted(inner, shift) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shifted(inner, shift) for inner in value]
    if isinstance(value, str) and TIME.fullmatch(value):
        return text(datetime.fromisoformat(value) + shift)
    return value
