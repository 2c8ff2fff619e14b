"""How durations, lists and maps are written in flags and variables."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _parse_duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError("write a duration like 30s, 5m, 1h30m or 90d")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def parse_list(value: object) -> object:
    """The parts between commas; what is no text passes as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _parse_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not key.strip() or not to.strip() for key, _, to in pairs):
        raise ValueError("write a map like name=environment,other=environment")
    return {key.strip(): to.strip() for key, _, to in pairs}


Duration = Annotated[timedelta, BeforeValidator(_parse_duration), Field(ge=timedelta(0))]
"""As Go writes it, and in days: 30s, 5m, 1h30m, 90d."""

Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parse_list)]
"""Comma-separated in flags and variables, a list in the file."""

Mapped = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_parse_map)]
"""name=value pairs, comma-separated, in flags and variables; a mapping in the file."""
