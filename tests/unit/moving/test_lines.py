"""What is a line of an export, and what is none."""

import json
from typing import Any

import pytest

from deploytrail.errors import Rejected
from deploytrail.moving.lines import read

NONE_OF_OURS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"kind"',
    b'{"kind":"deployment"',
    b'{"kind":"deployment"}',
    b'{"kind":[]}',
    b'{"kind":[],"content":{}}',
    b'{"kind":{"a":1},"content":{}}',
    b'{"kind":null,"content":{}}',
    b'{"kind":"version","content":{},"holder":[]}',
    b'{"kind":"end","content":"\xff"}',
    b"[" * 100_000,
]

VERSION = {
    "id": "web-1",
    "product": "web",
    "version": "1",
    "commit": "abc1",
    "first_seen_at": "2026-03-02T12:00:00Z",
    "source": "hivel",
    "record": "deploy-1",
}

DAMAGED: list[dict[str, Any]] = [
    {"kind": "rocket", "content": {}},
    {"kind": "deployment", "content": None},
    {"kind": "deployment", "content": {"product": []}},
    {"kind": "version", "content": VERSION},
    {"kind": "version", "content": VERSION, "holder": "rocket"},
    {"kind": "end", "content": {"more": 1}},
    {"kind": "deploytrail-export", "content": {"format": "new"}},
]


@pytest.mark.parametrize("line", NONE_OF_OURS, ids=lambda line: line[:40].decode(errors="replace"))
def test_what_is_no_line_of_an_export_is_said(line: bytes) -> None:
    with pytest.raises(Rejected, match="it is no line of an export"):
        read(line)


@pytest.mark.parametrize("line", DAMAGED, ids=json.dumps)
def test_a_line_that_cannot_be_read_is_said_by_its_kind(line: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match=f"the {line['kind']} cannot be read"):
        read(json.dumps(line).encode())
