"""Records as lines of CSV (RFC 4180, UTF-8), for whoever opens them in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, get_args

import orjson
from pydantic import BaseModel

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"

_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""A spreadsheet computes what begins with one of these, in half or in full width, and what was reported is anybody's:
https://owasp.org/www-community/attacks/CSV_Injection"""

Path = tuple[str, ...]


def header(item: type[BaseModel]) -> bytes:
    """The line of column names: those of the fields, with a dot where one stands in another."""
    return _line(".".join(path) for path in _columns(item))


def lines(items: Iterable[BaseModel]) -> bytes:
    """A line for each."""
    return b"".join(map(_item, items))


def _item(item: BaseModel) -> bytes:
    shown = item.model_dump(mode="json")
    return _line(_cell(_at(shown, path)) for path in _columns(type(item)))


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode(errors="replace")


@cache
def _columns(item: type[BaseModel]) -> tuple[Path, ...]:
    return tuple(_leaves(item))


def _leaves(item: type[BaseModel], path: Path = ()) -> Iterator[Path]:
    """A field that holds other fields is a column for each of them."""
    for name, field in item.model_fields.items():
        kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
        if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], BaseModel):
            yield from _leaves(kinds[0], (*path, name))
        else:
            yield *path, name


def _at(shown: Any, path: Path) -> Any:
    for name in path:
        shown = shown[name] if shown is not None else None
    return shown


def _cell(value: Any) -> object:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}" if value.startswith(_FORMULA) else value
        case [*words] if all(isinstance(word, str) for word in words):
            return _cell(" ".join(words))
        case list() | dict():
            return orjson.dumps(value).decode() if value else ""
        case _:
            return value
