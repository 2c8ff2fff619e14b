import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from deploytrail.errors import Rejected
from deploytrail.sources.http.body import ClientGone, Limits, decode, read
from deploytrail.sources.http.dialect import fingerprint

JSON = {"content-type": "application/json"}
SMALL = Limits(body_bytes=10, depth=3, receive_seconds=0.05)


class Sender:
    """What a server hands to an application: chunks, then silence or a disconnect."""

    def __init__(self, *chunks: bytes, ends: bool = True, leaves: bool = False) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
        if ends:
            self.messages.append({"type": "http.request", "body": b"", "more_body": False})
        if leaves:
            self.messages.append({"type": "http.disconnect"})
        self.taken = 0

    async def receive(self) -> Message:
        if self.taken == len(self.messages):
            await asyncio.Event().wait()
        self.taken += 1
        return self.messages[self.taken - 1]


def read_from(sender: Sender, **headers: str) -> bytes:
    said = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(read(said, sender.receive, SMALL))


def refused(sender: Sender, **headers: str) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        read_from(sender, **headers)
    return refusal.value


def test_chunks_are_joined() -> None:
    assert read_from(Sender(b"{", b'"a":', b"1}")) == b'{"a":1}'


def test_a_body_as_large_as_allowed_is_read() -> None:
    assert read_from(Sender(b"x" * 10), content_length="10") == b"x" * 10


def test_a_body_a_little_too_large_is_read_to_its_end_and_refused() -> None:
    sender = Sender(b"x" * 9, b"x" * 9, b"x" * 9)

    assert refused(sender).reason == "too-large"
    assert sender.taken == 4


def test_a_body_far_too_large_is_not_read_to_its_end() -> None:
    sender = Sender(*[b"x" * 9] * 100)

    assert refused(sender).reason == "too-large"
    assert sender.taken < 20


@pytest.mark.parametrize("headers", [{"content_length": "81"}, {"content_length": "11", "expect": "100-continue"}])
def test_a_body_announced_too_large_is_not_read_at_all(headers: dict[str, str]) -> None:
    sender = Sender(b"x")

    assert refused(sender, **headers).reason == "too-large"
    assert sender.taken == 0


def test_a_body_that_stops_arriving_is_too_slow() -> None:
    assert refused(Sender(b"{", ends=False)).reason == "too-slow"


def test_a_client_that_leaves_is_no_rejection() -> None:
    with pytest.raises(ClientGone):
        read_from(Sender(b"{", ends=False, leaves=True))


def test_nothing_is_read_of_another_type() -> None:
    sender = Sender(b"{}")

    assert refused(sender, content_type="text/plain").reason == "content-type"
    assert sender.taken == 0


def test_fields_that_are_null_are_absent_but_not_deeper_ones() -> None:
    text, document = decode(b'{"a": null, "b": {"c": null}}', SMALL)

    assert text == '{"a": null, "b": {"c": null}}'
    assert document == {"b": {"c": None}}


@pytest.mark.parametrize("depth", range(1, 8))
def test_depth_counts_the_outermost_object(depth: int) -> None:
    for inner in ("[" * (depth - 1) + "]" * (depth - 1), '{"a":' * (depth - 1) + "0" + "}" * (depth - 1)):
        body = f'{{"x": {inner or 0}}}'.encode()
        if depth <= 3:
            decode(body, SMALL)
            continue
        with pytest.raises(Rejected, match="nested deeper than 3 levels"):
            decode(body, SMALL)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("https://user:pass@host/x", "https://host/x"),
        ("https://token@host/x", "https://host/x"),
        ("https:\\/\\/user:pass@host\\/x", "https:\\/\\/host\\/x"),
        ("ssh://git@host/x", "ssh://host/x"),
        ("git@host:owner/repo", "git@host:owner/repo"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://host?mail=a@b", "https://host?mail=a@b"),
        ("see me@example.com", "see me@example.com"),
    ],
)
def test_credentials_in_urls_are_taken_out_and_nothing_else(sent: str, kept: str) -> None:
    text, document = decode(f'{{"url": "{sent}"}}'.encode(), Limits())

    assert text == f'{{"url": "{kept}"}}'
    assert document == {"url": kept.replace("\\", "")}


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary() | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_document_or_a_rejection(body: bytes) -> None:
    try:
        text, document = decode(body, Limits())
    except Rejected:
        return
    assert text
    assert None not in document.values()


@given(
    st.dictionaries(
        st.text(), st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.booleans()
    )
)
def test_the_order_of_fields_does_not_matter_to_the_fingerprint(document: dict[str, Any]) -> None:
    backwards = dict(reversed(document.items()))

    assert fingerprint(document) == fingerprint(backwards)
    assert fingerprint(document | {"one more": 1}) != fingerprint(document | {"one more": 2})
