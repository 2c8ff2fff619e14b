"""Times as people say them: a point in time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from deploytrail.errors import Misconfigured
from deploytrail.remote.answers import one_line

_AGO = re.compile(r"(\d{1,9})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def to_time(text: str, *, now: datetime) -> str:
    """``7d`` as the point in time that long ago; other words are the server's to understand."""
    match = _AGO.fullmatch(text.strip())
    if match is None:
        return text
    try:
        when = now - timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError as error:
        raise Misconfigured(f"{one_line(text)} ago there was nothing") from error
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
