"""The lines of an export: versions, records with all that was told and said of them, preferences, and a last one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from deploytrail.errors import Rejected
from deploytrail.record.model import Annotation, Build, Deployment, Instant, Record
from deploytrail.record.preference import Preference
from deploytrail.record.version import Version
from deploytrail.stores.base import Held

FORMAT = 1

RECORDS: Mapping[str, type[Record]] = {"deployment": Deployment, "build": Build, "annotation": Annotation}
"""What a line's ``kind`` is, by which it is read."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(_Line):
    """The first line."""

    format: int
    began: Instant
    """Since when the store records."""


class End(_Line):
    """The last line, without which an export is not whole."""


class _Said(BaseModel):
    """A line, whatever it is of."""

    kind: str
    content: Any
    holder: str = ""


Item: TypeAlias = Head | Held | Record | Preference | End


def write(item: Item) -> bytes:
    """One line, without its end."""
    match item:
        case Head():
            return _line("deploytrail-export", item.model_dump_json())
        case Held(version, by):
            holder = next(kind for kind, record in RECORDS.items() if record is by)
            return b'{"kind":"version","holder":"%s","content":%s}' % (
                holder.encode(),
                version.model_dump_json().encode(),
            )
        case Preference():
            return _line("preference", item.model_dump_json())
        case End():
            return _line("end", "{}")
        case _:
            return _line(kind_of(item), item.model_dump_json())


def read(line: bytes) -> Item:
    """What a line says. Rejected, with a sentence, when it is none of ours."""
    try:
        said = _Said.model_validate(orjson.loads(line))
    except ValueError as error:
        raise Rejected("it is no line of an export", reason="json") from error
    try:
        return _item(said)
    except (ValidationError, KeyError) as error:
        raise Rejected(
            f"the {said.kind} cannot be read: it is damaged, or a newer Deploytrail has written it",
            reason="invalid-field",
        ) from error


def kind_of(record: Record) -> str:
    """How a line calls it."""
    return type(record).__name__.lower()


def position(item: Item) -> tuple[str, Any]:
    """Where an export stands after this line: the kind, and the place among its kind."""
    match item:
        case Held(version):
            return "version", version.id
        case Record():
            return kind_of(item), (item.created_at, item.id)
        case _:
            return type(item).__name__.lower(), None


def _line(kind: str, content: str) -> bytes:
    return b'{"kind":"%s","content":%s}' % (kind.encode(), content.encode())


def _item(said: _Said) -> Item:
    content = said.content
    match said.kind:
        case "deploytrail-export":
            return Head.model_validate(content)
        case "version":
            return Held(Version.model_validate(content), RECORDS[said.holder])
        case "preference":
            return Preference.model_validate(content)
        case "end":
            return End.model_validate(content)
        case kind:
            return RECORDS[kind].model_validate(content)


def head(began: datetime) -> Head:
    """The first line of an export made now."""
    return Head(format=FORMAT, began=began)
