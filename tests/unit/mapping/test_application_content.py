"""The digest by which an event that brings nothing new is told: whatever is read must be in it."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from deploytrail.mapping.application import content
from tests.unit.mapping.applications import application

UNREAD = {
    ("apiVersion",),
    ("kind",),
    ("metadata", "uid"),
    ("metadata", "generation"),
    ("status", "reconciledAt"),
    ("status", "resources"),
}
"""What is not in it: the time of the comparison with what grows with it, the largest part, and what never changes."""

SAID = application(
    metadata__labels={"deploytrail.dev/product": "shop"},
    metadata__annotations={"deploytrail.dev/settle": "5s"},
    metadata__deletionTimestamp="2026-03-02T10:00:00Z",
    operation={"sync": {"revision": "c" * 40}},
    status__history=[{"id": 1, "revision": "c" * 40}],
    status__resources=[{"kind": "Deployment"}],
)


def leaves(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    nested = [leaf for name, each in inner for leaf in leaves(each, *path, name)]
    yield from nested or [path]


def changed(path: tuple[Any, ...]) -> dict[str, Any]:
    obj = deepcopy(SAID)
    inner: Any = obj
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = "another"
    return obj


READ = [leaf for leaf in leaves(SAID) if leaf[:1] not in UNREAD and leaf[:2] not in UNREAD]


@pytest.mark.parametrize("path", READ, ids=lambda path: ".".join(map(str, path)))
def test_a_change_of_whatever_is_read_is_another_content(path: tuple[Any, ...]) -> None:
    assert content(changed(path)) != content(SAID)


@pytest.mark.parametrize("path", sorted(UNREAD), ids=".".join)
def test_what_is_no_news_is_the_same_content(path: tuple[str, ...]) -> None:
    assert content(changed(path)) == content(SAID)


def test_what_cannot_be_digested_has_no_content() -> None:
    assert content(application(metadata__labels={"a": "\ud800"})) is None
