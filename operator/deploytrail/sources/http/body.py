"""What a body may be, whatever the API: its type, size, depth, encoding, and how long it may take to arrive."""

import asyncio
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive

from deploytrail.errors import Rejected
from deploytrail.keys.hiding import hide

MIB = 1024 * 1024

JSON = ("application/json",)
FORM = "application/x-www-form-urlencoded"

_ENDURED = 8
"""How many times the limit is read and thrown away, so that a client that only listens after sending hears why."""

_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})
_MOST_FIELDS = 100

_INT64 = range(-(2**63), 2**63)
_CREDENTIALS = re.compile(r"""(?<=:)(\\?/\\?/)[^/?#\\\s"']*@""")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a request is accepted."""

    body_bytes: int = MIB
    """The documents' clients send up to 100 KB."""
    depth: int = 32
    """Levels of nesting, the outermost object included."""
    receive_seconds: float = 8
    """From the end of the head to the end of the body. Below what the server allows for a whole request, so that the
    answer is still given in the caller's dialect."""
    reports: int = 512
    """Under way at a time, from the key to the answer; more are told to come again."""
    reports_bytes: int = 64 * MIB
    """What the bodies of all of them may hold together, as announced: the memory of a pod is small."""


MOST_IN_BATCH = 100
"""Reports in one body: each is stored before the answer."""


class ClientGone(Exception):
    """Nobody is left to answer."""


async def read(headers: Mapping[str, str], receive: Receive, limits: Limits, types: Sequence[str] = JSON) -> bytes:
    """The whole body. Rejected when it is of none of these types, too large or too slow."""
    _check_type(headers, types)
    declared = int(headers.get("content-length", "0"))
    if declared > limits.body_bytes * _ENDURED or (declared > limits.body_bytes and "expect" in headers):
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.receive_seconds):
            return await _collect(receive, limits)
    except TimeoutError as error:
        raise Rejected(
            f"the body did not arrive within {limits.receive_seconds:g} seconds", reason="too-slow"
        ) from error


def announced(headers: Mapping[str, str], limits: Limits) -> int:
    """Bytes to keep room for: as many as are announced; the limit, where it is exceeded or nothing is announced."""
    return min(int(headers.get("content-length", limits.body_bytes)), limits.body_bytes)


def decode(body: bytes, limits: Limits, *, secret: str = "") -> tuple[str, dict[str, Any]]:
    """The text, and the fields of the JSON object it holds, without those that are null.

    Credentials are gone from both: those in URLs, because CI systems hand out clone URLs with a token, which is not
    ours to keep, the ``secret`` that the request came with, and whatever else looks like a key of ours.
    """
    text, document = _load(body, limits, secret)
    if not isinstance(document, dict):
        raise Rejected("the body must be a JSON object", reason="json")
    _check_values(document, limits)
    return text, _told(document)


def decode_batch(body: bytes, limits: Limits, *, secret: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The same for each of the objects in a list."""
    _, documents = _load(body, limits, secret)
    if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
        raise Rejected("the body must be a list of JSON objects", reason="json")
    if len(documents) > MOST_IN_BATCH:
        raise Rejected(f"the body holds more than {MOST_IN_BATCH} events", reason="too-large")
    _check_values(documents, limits)
    return [(orjson.dumps(document).decode(), _told(document)) for document in documents]


def from_form(body: bytes, name: str) -> bytes:
    """What this field of a form holds."""
    try:
        fields = parse_qs(body.decode(), errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError as error:
        raise Rejected("the body is not valid UTF-8", reason="encoding") from error
    except ValueError as error:
        raise Rejected(f"the form has more than {_MOST_FIELDS} fields", reason="too-large") from error
    if name not in fields:
        raise Rejected(f"the form has no field {name}", reason="missing-field", field=name)
    return fields[name][0].encode()


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _load(body: bytes, limits: Limits, secret: str) -> tuple[str, Any]:
    try:
        text = hide(_CREDENTIALS.sub(r"\1", body.removeprefix(BOM_UTF8).decode()), secret)
    except UnicodeDecodeError as error:
        raise Rejected("the body is not valid UTF-8", reason="encoding") from error
    try:
        return text, orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("depth limit"):
            raise _too_deep(limits) from error
        if error.msg.startswith("number is infinity"):
            raise Rejected("the body holds a number beyond 1.8e308, the largest there is", reason="json") from error
        raise Rejected("the body is not valid JSON", reason="json") from error


def _told(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value is not None}


def _check_type(headers: Mapping[str, str], types: Sequence[str]) -> None:
    parameters = headers.get("content-type", "").lower().partition(";")[2]
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2].partition(";")[0]
    if media_type(headers) not in types or charset not in _CHARSETS:
        raise Rejected(f"Content-Type must be {' or '.join(types)}", reason="content-type")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Rejected("the body must not be compressed", reason="content-type")


async def _collect(receive: Receive, limits: Limits) -> bytes:
    chunks, size, more = [], 0, True
    while more and size <= limits.body_bytes * _ENDURED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size <= limits.body_bytes:
            chunks.append(chunk)
    if size > limits.body_bytes:
        raise _too_large(limits)
    return b"".join(chunks)


def _check_values(document: dict[str, Any] | list[Any], limits: Limits) -> None:
    """What is in it becomes what every store can keep."""
    level: list[Any] = [document]
    for _ in range(limits.depth):
        deeper: list[Any] = []
        for container in level:
            for place, value in _places(container):
                if isinstance(value, dict | list):
                    deeper.append(value)
                elif (kept := _kept(value)) is not value:
                    container[place] = kept
        if not deeper:
            return
        level = deeper
    raise _too_deep(limits)


def _places(container: dict[str, Any] | list[Any]) -> Iterable[tuple[Any, Any]]:
    if isinstance(container, list):
        return enumerate(container)
    for name in container:
        _kept(name)
    return container.items()


def _kept(value: object) -> object:
    """The value as every store can keep it: of integers beyond 64 bits the nearest float, as most JSON parsers do."""
    if isinstance(value, str) and "\0" in value:
        raise Rejected("the body holds a NUL character", reason="encoding")
    return float(value) if isinstance(value, int) and value not in _INT64 else value


def _too_large(limits: Limits) -> Rejected:
    return Rejected(f"the body is larger than {limits.body_bytes} bytes", reason="too-large")


def _too_deep(limits: Limits) -> Rejected:
    return Rejected(f"the body is nested deeper than {limits.depth} levels", reason="depth")
