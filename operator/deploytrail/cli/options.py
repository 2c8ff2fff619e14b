"""Flags made from the settings, so that a setting has one description and one default."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(model: type[BaseModel], *, only: frozenset[str] | None = None) -> Callable[[F], F]:
    """Decorate a command with one flag per setting, or for those in ``only`` (top-level names)."""

    def decorate(command: F) -> F:
        for path, field in reversed(list(_leaves(model))):
            if only is not None and path[0] not in only:
                continue
            name = "-".join(path).replace("_", "-")
            command = click.option(f"--{name}", "__".join(path), metavar=_metavar(field), help=_help(path, field))(
                command
            )
        return command

    return decorate


def tree(flags: dict[str, str | None]) -> dict[str, Any]:
    """The flags that were given, nested as the settings are."""
    given: dict[str, Any] = {}
    for name, value in flags.items():
        if value is None:
            continue
        *parents, leaf = name.split("__")
        node = given
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return given


def _leaves(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _leaves(field.annotation, (*path, name))
        else:
            yield (*path, name), field


def _metavar(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra.get("metavar", "VALUE")) if isinstance(extra, dict) else "VALUE"


def _help(path: tuple[str, ...], field: FieldInfo) -> str:
    shown = _show(field.get_default(call_default_factory=True))
    default = f"; default: {shown}" if shown else ""
    return f"{field.description}  [env: DEPLOYTRAIL_{'_'.join(path).upper()}{default}]"


def _show(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case timedelta():
            return f"{default.total_seconds():g}s"
        case tuple():
            return ",".join(map(str, default))
        case SecretStr():
            return default.get_secret_value()  # what is built in is no secret
        case dict():
            return ",".join(f"{key}={value}" for key, value in default.items())
        case _:
            return str(default)
