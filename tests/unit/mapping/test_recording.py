"""Recorded watch streams as events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploytrail.mapping.recording import Broken, Event, read
from tests.unit.mapping.applications import application

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def written(kind: str = "MODIFIED", *, observed: str | None = "2026-03-02T12:00:00Z", **changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = {"type": kind, "object": application(**changes)}
    return event if observed is None else event | {"observedAt": observed}


def lines(*events: Any, indent: int | None = None) -> list[str]:
    text = "\n".join(event if isinstance(event, str) else json.dumps(event, indent=indent) for event in events)
    return text.splitlines(keepends=True)


def test_one_object_a_line_is_read_with_its_clock() -> None:
    found = list(read(lines(written("ADDED"), written("DELETED"))))

    assert found == [
        Event(1, NOON, deleted=False, obj=application()),
        Event(2, NOON, deleted=True, obj=application()),
    ]


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_what_kubectl_prints_is_read_with_the_clock_of_the_objects(indent: int | None) -> None:
    tricky = {"note": 'a } brace, a \\ and a " quote {'}
    found = list(read(lines(*[written(observed=None, metadata__annotations=tricky)] * 2, indent=indent)))

    assert [item.at for item in found if isinstance(item, Event)] == [datetime(2026, 3, 2, 9, 0, 3, tzinfo=UTC)] * 2
    assert len(found) == 2


@pytest.mark.parametrize(
    ("changes", "newest"),
    [
        ({"metadata__creationTimestamp": "2026-03-02T10:00:00Z"}, 10),
        ({"metadata__deletionTimestamp": "2026-03-02T10:00:00Z"}, 10),
        ({"metadata__managedFields": [{"time": "2026-03-02T11:00:00Z"}]}, 11),
        ({"status__history": [{"deployedAt": "2026-03-02T10:00:00Z"}]}, 10),
        ({"status__conditions": [{"lastTransitionTime": "2026-03-02T10:00:00Z"}]}, 10),
        ({"status__operationState": {"startedAt": "2026-03-02T10:00:00Z"}}, 10),
    ],
)
def test_the_clock_of_an_object_is_the_newest_thing_written_to_it(changes: dict[str, Any], newest: int) -> None:
    (found,) = read(lines(written(observed=None, **changes)))

    assert isinstance(found, Event)
    assert found.at == datetime(2026, 3, 2, newest, 0, tzinfo=UTC)


def test_an_object_without_any_time_has_no_clock() -> None:
    (found,) = read(lines(written(observed=None, status=None)))

    assert isinstance(found, Event)
    assert found.at is None


def test_a_request_without_a_time_of_its_own_was_made_just_before_what_came_next() -> None:
    requested = written(observed=None, operation={"sync": {}})
    running = written(observed=None, status__operationState={"startedAt": "2026-03-02T10:00:00Z"})
    other = written(observed=None, metadata__name="other")

    found = list(read(lines(written(observed=None), requested, other, running, requested)))

    assert [(item.line, item.at.hour) for item in found if isinstance(item, Event) and item.at] == [
        (1, 9), (3, 9), (2, 10), (4, 10), (5, 9),
    ]  # fmt: skip


def test_empty_lines_and_bookmarks_are_nothing() -> None:
    assert list(read(["\n", "  \n", *lines({"type": "BOOKMARK", "object": {"kind": "Application"}})])) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hello", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[1, 2]", "not a JSON object"),
        ("{}", "no watch event with type and object (kubectl needs --output-watch-events)"),
        (json.dumps(application()), "no watch event with type and object (kubectl needs --output-watch-events)"),
        ('{"type": "MODIFIED"}', "no watch event with type and object (kubectl needs --output-watch-events)"),
        ('{"type": "PATCHED", "object": {"kind": "Application"}}', "no watch event with type and object"),
        ('{"type": "ADDED", "object": {"kind": "Pod"}}', "a Pod, not an Application"),
        ('{"type": "ERROR", "object": {"message": "too old resource version"}}', "the watch failed: too old"),
        (
            '{"type": "ADDED", "observedAt": "noon", "object": {"kind": "Application"}}',
            "observedAt is not a time: 'noon'",
        ),
        ('{"type": "ADDED", "object": {', "the JSON object is cut off"),
    ],
)
def test_a_bad_line_says_what_is_wrong_and_the_rest_is_read(line: str, why: str) -> None:
    first, bad, last = read(lines(written(), line, written()))

    assert isinstance(first, Event)
    assert isinstance(bad, Broken)
    assert bad.line == 2
    assert bad.why.startswith(why)
    assert isinstance(last, Event)
    assert last.line == 3


def test_an_object_over_many_lines_that_is_cut_off_costs_only_itself() -> None:
    cut = "".join(lines(written(observed=None), indent=2)[:9]).rstrip("\n")

    found = list(read(lines(cut, written(observed=None), indent=2)))

    assert [type(item) for item in found] == [Broken, Event]
    assert found[0].line == 1


def test_a_file_that_ends_within_an_object_says_so() -> None:
    assert list(read(['{"type": "ADDED",\n', '  "object": {\n'])) == [Broken(1, "the JSON object is cut off")]
