"""What one API is to the lane: data (routes, methods, where its key stands) and three functions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel

from deploytrail.errors import DeploytrailError, Reason, Rejected, Unavailable
from deploytrail.keys.model import LONGEST, Key
from deploytrail.record.model import AnyReport
from deploytrail.sources.http.signatures import Signature


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a request before its body is read."""

    method: str
    path: str
    query: str
    """Undecoded, without the question mark."""
    headers: Mapping[str, str]
    """By lower-case name; of a repeated header, the first."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose key is good and whose body is sound, not yet understood."""

    head: Head
    """Its query is without the key, should that have stood there."""
    key: Key
    """Its name is who reports; ``product``, ``environment`` and ``workspace`` say what its API has no words for."""
    received_at: datetime
    text: str
    """The body as it came, without credentials; empty for GET."""
    document: Mapping[str, Any]
    """The body's fields. One sent as null is absent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, as JSON."""

    code: int
    body: Mapping[str, Any]
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Ignored:
    """Sound, and nothing to be recorded: the sender is told why, and need not send it again."""

    reason: str


@dataclass(frozen=True, slots=True)
class DocPage:
    """How the OpenAPI document shows an API."""

    summary: str
    body: type[BaseModel]
    keys: tuple[Mapping[str, str], ...]
    """Where the key may stand, as OpenAPI security schemes."""
    accepted: int = 200


BEARER: Mapping[str, str] = {"type": "http", "scheme": "bearer"}


def header(name: str) -> Mapping[str, str]:
    """A key that is a whole header."""
    return {"type": "apiKey", "in": "header", "name": name}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One API, or that part of it which shares three functions, spoken like a native."""

    name: str
    """As keys are limited to it and metrics count it."""
    paths: tuple[str, ...]
    """Each is served with and without a slash at its end, never redirected."""
    methods: tuple[str, ...]
    key: Callable[[Head], str | None]
    """The key as presented, or None."""
    parse: Callable[[Request], AnyReport[Any] | Ignored]
    """Raises Rejected, in this API's words."""
    answer: Callable[[Any], Answer]
    """What says that the report is recorded: from the record it became part of."""
    refuse: Callable[[DeploytrailError], Answer]
    """What says that it is not: Rejected, Unavailable, or a defect of ours."""
    signature: Callable[[Mapping[str, str]], Signature | None] | None = None
    """That of the body, where no key is sent: the key signed with it."""
    types: tuple[str, ...] = ("application/json",)
    """Content types of a body that is one JSON object."""
    form: str | None = None
    """The field of a form that may hold that object instead."""
    batch: str | None = None
    """Content type of a body that is a list of such objects, each a report of its own."""
    reads_key: bool = False
    """Whether ``parse`` takes facts from the key, besides its name."""
    page: DocPage | None = None
    """What the OpenAPI document says of it."""


HTTP_CODES: Mapping[Reason, int] = {
    "authentication": 401,
    "permission": 403,
    "content-type": 415,
    "encoding": 400,
    "json": 400,
    "depth": 400,
    "too-large": 413,
    "too-slow": 408,
    "head-too-large": 431,
    "rate": 429,
    "missing-field": 400,
    "invalid-field": 400,
    "invalid-status": 400,
    "invalid-time": 400,
    "conflict": 409,
    "method": 405,
    "not-found": 404,
}
"""An API that documents other codes hands its own table to ``code_of``."""


def code_of(error: DeploytrailError, codes: Mapping[Reason, int] = HTTP_CODES) -> int:
    """The status code that tells of the error."""
    match error:
        case Rejected():
            return codes[error.reason]
        case Unavailable():
            return 503
        case _:
            return 500


def in_words(error: Rejected, names: Mapping[str, str]) -> str:
    """What is wrong, with the field by the name its sender used; ``names`` has them by ours."""
    if error.field is None or error.field not in names:
        return error.message
    return re.sub(rf"^{re.escape(error.field)}\b", names[error.field], error.message)


def uuid_of(kind: str, *key: str) -> str:
    """The UUID of a thing whose own id is none, for APIs that promise UUIDs: the same key gives the same one."""
    return str(uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in (kind, *key))))


_NAMESPACE = UUID("6f1d2b0a-4f3e-4c64-9a53-2f6d0b7c8e19")


def unsent(_: Head) -> str | None:
    """The key of an API that signs with it."""
    return None


def bearer(head: Head) -> str | None:
    """The key in ``Authorization: Bearer``; the scheme's case does not matter."""
    scheme, _, key = head.headers.get("authorization", "").strip().partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def key_in_header(name: str) -> Callable[[Head], str | None]:
    """The whole header is the key."""
    return lambda head: head.headers.get(name.lower())


def key_in_query(name: str) -> Callable[[Head], str | None]:
    """The key is this parameter of the URL, the first of that name. The others are not worth reading for a stranger."""

    def find(head: Head) -> str | None:
        _, found, rest = f"&{head.query}".partition(f"&{name}=")
        value = rest.partition("&")[0]
        return unquote_plus(value) if found and len(value) <= LONGEST else None

    return find


def fingerprint(document: Mapping[str, Any]) -> str:
    """Digest of the content: the same for any order of fields and any white space."""
    return sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
