"""Points in time as senders write them: RFC 3339 and its looser relatives, epoch seconds and milliseconds."""

import math
import re
from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MILLISECONDS_FROM = 100_000_000_000
"""Epoch numbers from here on are milliseconds: as seconds this is the year 5138, as milliseconds March 1973."""

_OUTSIDE = "lies outside the years 1970 to 9999"
_NOT_A_TIME = "is not a time: use RFC 3339 such as 2025-11-19T10:20:32Z, or epoch seconds or milliseconds"
_NUMBER = re.compile(r"\d{1,20}(\.\d{1,9})?", re.ASCII)
_ISO = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[Tt _](?P<hour>\d\d)[:-]?(?P<minute>\d\d)(?:[:-]?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?:[Zz]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?)?)?",
    re.ASCII,
)


def parse_instant(value: object) -> datetime:
    """The instant in UTC. Without a zone it is taken as UTC; digits alone are epoch seconds or milliseconds.

    Raises ValueError for anything else, and for what no deployment can have seen: before 1970, after the year 9999.
    """
    try:
        instant = _parse(value)
    except OverflowError as error:
        raise ValueError(_OUTSIDE) from error
    if instant < EPOCH:
        raise ValueError(_OUTSIDE)
    return instant


def _parse(value: object) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return _from_epoch(float(text) if "." in text else int(text))
        return _from_iso(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(value)
    raise ValueError(_NOT_A_TIME)


def _from_epoch(number: int | float) -> datetime:
    if not math.isfinite(number):
        raise ValueError(_NOT_A_TIME)
    if number >= MILLISECONDS_FROM:
        return EPOCH + timedelta(milliseconds=number)
    return EPOCH + timedelta(seconds=number)


def _from_iso(text: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError(_NOT_A_TIME)
    part = {name: int(digits) for name, digits in match.groupdict("0").items() if name not in ("fraction", "sign")}
    offset = timedelta(hours=part["hours"], minutes=part["minutes"])
    try:
        return datetime(
            part["year"],
            part["month"],
            part["day"],
            part["hour"],
            part["minute"],
            part["second"],
            int((match["fraction"] or "0").ljust(6, "0")[:6]),
            tzinfo=timezone(-offset if match["sign"] == "-" else offset),
        ).astimezone(UTC)
    except ValueError as error:
        raise ValueError(_NOT_A_TIME) from error
