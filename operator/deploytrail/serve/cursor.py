"""Where a page ended, as a word to be sent back for the next one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from deploytrail.mapping.times import parse_instant
from deploytrail.record.instant import to_rfc3339


def to_cursor(position: tuple[datetime, str]) -> str:
    """Opaque to clients, and safe in a URL."""
    when, deployment_id = position
    return urlsafe_b64encode(f"{to_rfc3339(when)} {deployment_id}".encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> tuple[datetime, str]:
    """The position. ValueError when it is none of ours."""
    try:
        when, _, deployment_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        return parse_instant(when), deployment_id
    except ValueError as error:
        raise ValueError("is not a cursor that an answer gave") from error
