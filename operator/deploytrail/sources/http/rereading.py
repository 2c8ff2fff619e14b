"""A kept report, read again by the dialect that took it, as if its request came now."""

from typing import Any

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key
from deploytrail.record.model import AnyReport, Telling
from deploytrail.sources.http.body import Limits, decode
from deploytrail.sources.http.dialect import Dialect, Head, Ignored, Request


def reread(telling: Telling, dialect: Dialect, key: Key) -> AnyReport[Any]:
    """The report that the body makes today. Rejected when it makes none, or when no body was kept."""
    if telling.body is None:
        raise Rejected("its body was not kept", reason="missing-field")
    told = dialect.parse(_request(telling.body, telling, dialect, key))
    if isinstance(told, Ignored):
        raise Rejected(f"it would not be recorded: {told.reason}", reason="invalid-field")
    return told


def _request(body: str, telling: Telling, dialect: Dialect, key: Key) -> Request:
    # What is kept of a GET is its query, in which braces are escaped; a body is a JSON object.
    if "GET" in dialect.methods and not body.lstrip().startswith("{"):
        head = Head(method="GET", path=dialect.paths[0], query=body, headers={})
        return Request(head=head, key=key, received_at=telling.received_at, text="", document={})
    text, document = decode(body.encode(), Limits())
    head = Head(method="POST", path=dialect.paths[0], query="", headers={})
    return Request(head=head, key=key, received_at=telling.received_at, text=text, document=document)
