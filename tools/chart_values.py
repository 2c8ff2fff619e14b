"""The chart's values as values.yaml describes them: the one source of its schema and of the table in its README.

A comment that starts with ``--`` describes the value below it; ``@schema`` and a YAML mapping add to what is allowed
there. A mapping without a description is a group of values, one with a description is a value of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

JSON: TypeAlias = dict[str, Any]

_TYPES = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


@dataclass(frozen=True)
class Value:
    """One value a user may set."""

    path: tuple[str, ...]
    default: Any
    description: str
    allowed: JSON
    """What JSON Schema may say of it beyond its type."""

    @property
    def schema(self) -> JSON:
        """Its JSON Schema; the type is that of the default."""
        return {"type": _TYPES[type(self.default)], "description": self.description, **self.allowed}


def read_values(text: str) -> list[Value]:
    """Every value in the order of the file. ValueError names the one that lacks a description."""
    root = yaml.compose(text, yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise ValueError("the values are not a mapping")  # noqa: TRY004 - what is wrong is the file
    return list(_values(root, text.splitlines(), ()))


def json_schema(values: list[Value]) -> JSON:
    """A schema that allows these values and no others."""
    root = _closed()
    for value in values:
        group = root
        for name in value.path[:-1]:
            group = group["properties"].setdefault(name, _closed())
        group["properties"][value.path[-1]] = value.schema
    return {"$schema": "http://json-schema.org/draft-07/schema#", **root}


def _closed() -> JSON:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def _values(mapping: yaml.MappingNode, lines: list[str], parents: tuple[str, ...]) -> Iterator[Value]:
    for key, node in mapping.value:
        path = (*parents, key.value)
        description, allowed = _comment(lines, key.start_mark.line)
        if description:
            yield Value(path, _plain(node), description, allowed)
        elif isinstance(node, yaml.MappingNode):
            yield from _values(node, lines, path)
        else:
            raise ValueError(f"line {key.start_mark.line + 1}: {'.'.join(path)} has no description")


def _plain(node: yaml.Node) -> Any:
    return yaml.safe_load(yaml.serialize(node))


def _comment(lines: list[str], key: int) -> tuple[str, JSON]:
    """The description and the allowance in the comment that ends right above the key."""
    first = key
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    words: list[str] = []
    allowed: JSON = {}
    for line in (line.lstrip(" #") for line in lines[first:key]):
        if line.startswith("@schema"):
            allowed |= yaml.safe_load(line.removeprefix("@schema"))
        else:
            words.append(line)
    described = words and words[0].startswith("--")
    return (" ".join(words).removeprefix("--").strip() if described else "", allowed)
