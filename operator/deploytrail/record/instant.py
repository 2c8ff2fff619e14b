"""Points in time: always aware, always UTC, written as RFC 3339 with Z."""

from datetime import UTC, datetime


def to_utc(value: datetime) -> datetime:
    """The same instant in UTC."""
    return value.astimezone(UTC)


def to_rfc3339(value: datetime) -> str:
    """``2026-11-21T07:25:16Z``, with milliseconds or microseconds only when there are any."""
    utc = value.astimezone(UTC)
    precision = "microseconds" if utc.microsecond % 1000 else "milliseconds" if utc.microsecond else "seconds"
    return utc.isoformat(timespec=precision).removesuffix("+00:00") + "Z"
