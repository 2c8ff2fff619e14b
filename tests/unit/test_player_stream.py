"""A recorded stream, played again."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.argocd.applications import Missing
from tests.argocd.clock import PlayClock
from tests.argocd.fake import FakeApplications
from tests.argocd.stream import play_stream


def event(kind: str, second: int, **more: Any) -> dict[str, Any]:
    """An event of an Application with a time of its own in it, a tenth of a second before it was seen."""
    metadata = {"name": "web", "namespace": "argocd", "uid": "recorded", "resourceVersion": "7", **more.pop("meta", {})}
    return {
        "type": kind,
        "observedAt": f"2026-02-01T08:00:{second:02}.100Z",
        "object": {
            "metadata": metadata,
            "spec": {},
            "status": {"reconciledAt": f"2026-02-01T08:00:{second:02}Z"},
            **more,
        },
    }


def write(folder: Path, *events: dict[str, Any]) -> Path:
    path = folder / "one.watch.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    return path


def test_each_state_is_written_whole_so_that_what_is_gone_is_gone(tmp_path: Path) -> None:
    seen = FakeApplications()
    stream = write(
        tmp_path,
        event("ADDED", 0),
        event("MODIFIED", 1, operation={"sync": {}}),
        event("MODIFIED", 2),
        event("DELETED", 3),
    )

    count = play_stream(stream, seen, namespace="argocd", pace=PlayClock().pace(math.inf))

    assert count == 4
    assert [each["type"] for each in seen.events] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    assert ["operation" in each for each in seen.objects] == [False, True, False, False]


def test_identity_and_namespace_are_those_of_here(tmp_path: Path) -> None:
    seen = FakeApplications()

    play_stream(write(tmp_path, event("ADDED", 0)), seen, namespace="elsewhere", pace=PlayClock().pace())

    assert seen.objects[0]["metadata"]["namespace"] == "elsewhere"
    assert seen.objects[0]["metadata"]["uid"] != "recorded"


@pytest.mark.parametrize(("speed", "waits"), [(1, [4, 6]), (20, [0.2, 0.3]), (math.inf, [])])
def test_the_recorded_intervals_are_kept_or_shortened(tmp_path: Path, speed: float, waits: list[float]) -> None:
    clock = PlayClock()
    stream = write(tmp_path, event("ADDED", 0), event("MODIFIED", 4), event("MODIFIED", 10))

    play_stream(stream, FakeApplications(), namespace="argocd", pace=clock.pace(speed))

    assert clock.slept == waits


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (None, ["2026-02-01T08:00:00Z", "2026-02-01T08:00:10Z"]),
        ("start", ["2026-03-01T08:59:59Z", "2026-03-01T09:00:09Z"]),
        ("end", ["2026-03-01T08:59:49Z", "2026-03-01T08:59:59Z"]),
    ],
)
def test_the_times_in_the_objects_move_to_the_present(tmp_path: Path, shift: Any, expected: list[str]) -> None:
    seen = FakeApplications()
    stream = write(tmp_path, event("ADDED", 0), event("MODIFIED", 10))

    play_stream(stream, seen, namespace="argocd", pace=PlayClock().pace(math.inf), shift_to_now=shift)

    assert [each["status"]["reconciledAt"] for each in seen.objects] == expected


def test_what_only_looks_like_a_time_is_left_alone(tmp_path: Path) -> None:
    seen = FakeApplications()
    stream = write(tmp_path, event("ADDED", 0, spec={"note": ["since 2026-02-01T08:00:00Z", 7, None]}))

    play_stream(stream, seen, namespace="argocd", pace=PlayClock().pace(), shift_to_now="start")

    assert seen.objects[0]["spec"] == {"note": ["since 2026-02-01T08:00:00Z", 7, None]}


def test_a_deletion_that_finalizers_hold_is_seen_step_by_step(tmp_path: Path) -> None:
    seen = FakeApplications()
    held = {"finalizers": ["example.com/hold"]}
    leaving = held | {"deletionTimestamp": "2026-02-01T08:00:01Z"}
    stream = write(
        tmp_path,
        event("ADDED", 0, meta=held),
        event("MODIFIED", 1, meta=leaving),
        event("MODIFIED", 2, meta=leaving),
        event("DELETED", 3, meta=leaving),
    )

    play_stream(stream, seen, namespace="argocd", pace=PlayClock().pace(math.inf))

    assert [("deletionTimestamp" in each["object"]["metadata"], each["type"]) for each in seen.events] == [
        (False, "ADDED"),
        (True, "MODIFIED"),
        (True, "MODIFIED"),
        (True, "MODIFIED"),
        (True, "DELETED"),
    ]
    with pytest.raises(Missing):
        seen.get("web")


def test_a_stream_that_begins_anew_is_played_on(tmp_path: Path) -> None:
    seen = FakeApplications()

    play_stream(
        write(tmp_path, event("ADDED", 0), event("ADDED", 5)), seen, namespace="argocd", pace=PlayClock().pace(math.inf)
    )

    assert [each["type"] for each in seen.events] == ["ADDED", "MODIFIED"]
