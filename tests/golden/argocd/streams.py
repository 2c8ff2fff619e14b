"""The recorded streams and the records they must give; and a replay of any list of events.

``captured`` was recorded from a running Argo CD 3.5.1, ``handmade`` was written by hand after its source code.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from deploytrail.mapping.recording import Broken, Event, read
from deploytrail.record.model import Deployment, Report
from deploytrail.record.query import Query
from deploytrail.replay import Replay, to_row
from deploytrail.stores.memory import MemoryStore

HERE = Path(__file__).parent
COMPARED = (
    "app", "product", "environment", "version", "commit", "start_time", "end_time", "healthy_at", "deployed_by",
    "trigger", "partial", "counted", "repo_url", "revisions", "retries",
)  # fmt: skip
ENDED_BADLY = ("Failed", "Error")
_LOOP = asyncio.Runner()


@dataclass(frozen=True, slots=True)
class Stream:
    """One recording: its events in order, and what was declared before it was made."""

    name: str
    path: Path
    events: tuple[Event, ...]
    records: tuple[dict[str, Any], ...]
    optional: tuple[dict[str, Any], ...]


@cache
def streams() -> tuple[Stream, ...]:
    """All of them, in the order of their names."""
    return tuple(_load(path) for path in sorted(HERE.glob("*/*.watch.jsonl")))


class Folded:
    """Records as a store keeps them, and every report that was told, in order."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        self.told: list[Report] = []

    def tell(self, reports: Iterable[Report]) -> None:
        for report in reports:
            self.told.append(report)
            _LOOP.run(self._store.record(report))

    @property
    def deployments(self) -> dict[str, Deployment]:
        return {deployment.id: deployment for deployment in _LOOP.run(self._store.find(Query(limit=1000))).items}

    def rows(self) -> list[dict[str, Any]]:
        return sorted(
            map(to_row, self.deployments.values()), key=lambda row: (row["app"], row["start_time"], row["id"])
        )


def fold(events: Iterable[Event], replay: Replay | None = None, folded: Folded | None = None) -> Folded:
    """Replay the events to their end, and on until nothing is awaited."""
    folded, replay = folded or Folded(), replay or Replay()
    for event in events:
        folded.tell(replay.feed(event))
    folded.tell(replay.finish())
    return folded


def ended_badly(events: Iterable[Event]) -> set[datetime]:
    """When those operations started that were seen to end Failed or Error and never otherwise."""
    phases: dict[str, set[str]] = {}
    for state in _states(events):
        phases.setdefault(state["startedAt"], set()).add(state["phase"])
    return {
        datetime.fromisoformat(started)
        for started, seen in phases.items()
        if seen.intersection(ENDED_BADLY) and "Succeeded" not in seen
    }


def matches(expected: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether the row is the record: every declared key that is printed, and one of the right verdicts."""
    if row["status"] not in (expected["status"], *expected.get("status_also", ())):
        return False
    return all(row[name] == expected[name] for name in COMPARED if name in expected)


def _states(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        state = event.obj.get("status", {}).get("operationState")
        if state:
            yield state


def _load(path: Path) -> Stream:
    with path.open(encoding="utf-8") as lines:
        found = list(read(lines))
    broken = [item for item in found if isinstance(item, Broken)]
    assert not broken, broken
    expected = json.loads(path.with_name(path.name.replace(".watch.jsonl", ".expected.json")).read_text("utf-8"))
    return Stream(
        name=f"{path.parent.name}-{path.name.removesuffix('.watch.jsonl')}",
        path=path,
        events=tuple(item for item in found if isinstance(item, Event)),
        records=tuple(expected["records"]),
        optional=tuple(expected.get("optional_records", ())),
    )
