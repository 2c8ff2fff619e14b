"""What a field of a body may hold, whatever the API: CI systems leave variables empty and write numbers as text."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, FailFast
from pydantic_core import PydanticCustomError

from deploytrail.mapping.times import parse_instant


def _blank_is_absent(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _number_is_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _blank_is_absent(value)


def _listed(value: object) -> object:
    return [_number_is_text(item) for item in value] if isinstance(value, list) else value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "must not be empty")
    return value


def _time_or_nothing(value: object) -> datetime | None:
    try:
        return parse_instant(value)
    except ValueError:
        return None


Given = Annotated[str, AfterValidator(_not_blank)]
"""A text that must say something, kept as it is."""

Told = Annotated[str | None, BeforeValidator(_blank_is_absent)]
"""CI variables expand to nothing: an optional text that is blank was not told."""

Number = Annotated[str | None, BeforeValidator(_number_is_text)]
"""An optional text that some write as a number."""

Numbers = Annotated[tuple[str | None, ...], FailFast(), BeforeValidator(_listed)]
"""A list of such."""

Time = Annotated[datetime, BeforeValidator(parse_instant)]
"""A point in time, in any common format."""

MaybeTime = Annotated[datetime | None, BeforeValidator(_time_or_nothing)]
"""A time that no document promises: one that cannot be read must not cost the event."""
