"""Reading objects that others wrote: absent, empty and of the wrong type are all the same, and nothing raises."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})


def part(value: object, *path: str) -> Mapping[str, Any]:
    """The mapping found there, or an empty one."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _EMPTY


def parts(value: object) -> Sequence[Mapping[str, Any]]:
    """The mappings in a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def text(value: object) -> str | None:
    """The text without spaces around it; None when nothing is left."""
    return (value.strip() or None) if isinstance(value, str) else None


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list, in its order; what is not text leaves an empty place."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item.strip() if isinstance(item, str) else "" for item in value)


def whole(value: object) -> int:
    """The number, or 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def instant(value: object) -> datetime | None:
    """The point in time, as the Kubernetes API writes it."""
    if not isinstance(value, str) or not value:
        return None
    try:
        read = datetime.fromisoformat(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
