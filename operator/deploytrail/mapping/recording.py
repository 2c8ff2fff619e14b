"""Recorded watch streams: lines of text into events, the broken ones told apart from the good.

Two shapes are read, also mixed: one JSON object a line, ``{"type", "observedAt", "object"}``, and what
``kubectl get applications -A -w -o json --output-watch-events`` prints, objects over many lines without observedAt.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from deploytrail.mapping.lenient import instant, part, parts, text

_MARKS = re.compile(r'\\.|["{}]')


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to an Application."""

    line: int
    at: datetime | None
    """When it was observed; else the newest time in the object; None when there is none."""
    deleted: bool
    obj: Mapping[str, Any]
    observed: bool = True
    """Whether the recording says when it was observed."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What stands in a line cannot be used."""

    line: int
    why: str


Read: TypeAlias = Event | Broken
Name: TypeAlias = tuple[str | None, str | None]


def read(lines: Iterable[str]) -> Iterator[Read]:
    """Every event and every broken line; the events of one Application in order.

    Lines count from 1; an object over several lines is told by its first. A request alone writes no time into the
    object: without observedAt, an event that brings no newer time gets that of the next one of its Application.
    """
    clocks = _Clocks()
    for line, document in _documents(lines):
        item = _event(line, document) if isinstance(document, Mapping) else Broken(line, document)
        if isinstance(item, Broken):
            yield item
        elif item is not None:
            yield from clocks.order(item)
    yield from clocks.rest()


class _Clocks:
    """By Application: the newest time that was told, and the events that told none since."""

    def __init__(self) -> None:
        self._told: dict[Name, datetime] = {}
        self._held: dict[Name, list[Event]] = {}

    def order(self, event: Event) -> Iterator[Event]:
        """The events whose time is known with this one."""
        metadata = part(event.obj, "metadata")
        name = text(metadata.get("namespace")), text(metadata.get("name"))
        told = self._told.get(name)
        if not event.observed and told is not None and (event.at is None or event.at <= told):
            self._held.setdefault(name, []).append(event)
            return
        for held in self._held.pop(name, []):
            yield replace(held, at=event.at)
        if event.at is not None:
            self._told[name] = event.at
        yield event

    def rest(self) -> Iterator[Event]:
        """Those that nothing came after."""
        for held in self._held.values():
            yield from held


def _documents(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """JSON objects. One begins where a line begins with ``{``, so a cut-off object costs only itself."""
    begun, held, depth = 0, [""], 0
    for number, line in enumerate(lines, start=1):
        if held[0] and line.startswith("{"):
            yield begun, "the JSON object is cut off"
            held, depth = [""], 0
        if not held[0]:
            if not line.strip():
                continue
            begun, held = number, []
        held.append(line)
        depth += _depth(line)
        if depth <= 0:
            yield begun, _parse("".join(held))
            held, depth = [""], 0
    if held[0]:
        yield begun, "the JSON object is cut off"


def _depth(line: str) -> int:
    """How many objects it leaves open. Strings never span lines in JSON."""
    depth, quoted = 0, False
    for mark in _MARKS.findall(line):
        if mark == '"':
            quoted = not quoted
        elif not quoted and mark in "{}":
            depth += 1 if mark == "{" else -1
    return depth


def _parse(document: str) -> Mapping[str, Any] | str:
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}"
    return parsed if isinstance(parsed, dict) else "not a JSON object"


def _event(line: int, document: Mapping[str, Any]) -> Read | None:
    kind, obj = document.get("type"), part(document, "object")
    if kind == "BOOKMARK":
        return None
    if kind == "ERROR":
        return Broken(line, f"the watch failed: {text(obj.get('message')) or 'no message'}")
    if kind not in ("ADDED", "MODIFIED", "DELETED") or not obj:
        return Broken(line, "no watch event with type and object (kubectl needs --output-watch-events)")
    if obj.get("kind", "Application") != "Application":
        return Broken(line, f"a {obj.get('kind')}, not an Application")
    observed = document.get("observedAt")
    at = instant(observed) if observed is not None else _newest(obj)
    if observed is not None and at is None:
        return Broken(line, f"observedAt is not a time: {observed!r}")
    return Event(line, at, kind == "DELETED", obj, observed is not None)


def _newest(obj: Mapping[str, Any]) -> datetime | None:
    """The newest time at which something is known to have been written to the object."""
    metadata, status = part(obj, "metadata"), part(obj, "status")
    state = part(status, "operationState")
    written: list[object] = [
        metadata.get("creationTimestamp"),
        metadata.get("deletionTimestamp"),
        status.get("reconciledAt"),
        part(status, "health").get("lastTransitionTime"),
        state.get("startedAt"),
        state.get("finishedAt"),
        *(fields.get("time") for fields in parts(metadata.get("managedFields"))),
        *(entry.get("deployedAt") for entry in parts(status.get("history"))),
        *(condition.get("lastTransitionTime") for condition in parts(status.get("conditions"))),
    ]
    return max(filter(None, map(instant, written)), default=None)
