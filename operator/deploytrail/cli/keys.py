"""deploytrail keys."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table

from deploytrail.cli.key_options import make, order_options, take_wishes, to_order, where, with_backend
from deploytrail.cli.keys_import import import_
from deploytrail.errors import Misconfigured, Rejected, Unavailable
from deploytrail.keys.base import KeyBackend, absent
from deploytrail.keys.model import Key, new_key
from deploytrail.keys.order import parse_duration, successor
from deploytrail.keys.uses import last_used
from deploytrail.record.instant import to_rfc3339
from deploytrail.serve.keys import KeyItem, to_item

_PIPE_WIDTH = 500


@click.group()
def keys() -> None:
    """Create, import, list, rotate and revoke the keys of the HTTP endpoint.

    Keys are Secrets in the namespace, or stand in the file given by --keys-file.
    """


keys.add_command(import_)


@keys.command()
@click.argument("name")
@order_options
@where
def create(name: str, config: Path | None, **flags: Any) -> None:
    """Create the key NAME and print it, once, alone on standard output.

    Options that name something may be repeated.
    """
    secret = new_key()
    key = make(to_order(name, take_wishes(flags)), secret)
    with_backend(flags, config, lambda backend: backend.create(key))
    _show(name, secret)


@keys.command()
@click.argument("name")
@click.option("--overlap", default="24h", show_default=True, metavar="TIME", help="How long the old one stays good.")
@where
def rotate(name: str, overlap: str, config: Path | None, **flags: Any) -> None:
    """Create a key that may do what NAME may, print it, and let NAME end after the overlap.

    The new one is called NAME-2, then NAME-3; until the old one ends, both are good.
    """
    try:
        pause = parse_duration(overlap)
    except Rejected as error:
        raise Misconfigured(f"overlap: {error.message}") from error
    secret, now = new_key(), datetime.now(UTC)
    ends = (now + pause).replace(microsecond=0)

    async def act(backend: KeyBackend) -> Key:
        there = {key.name: key for key in await backend.list()}
        if name not in there:
            raise absent(name)
        new = successor(there[name], secret, taken=set(there), now=now)
        await backend.create(new)
        await backend.expire(name, ends)
        return new

    created = with_backend(flags, config, act)
    _show(created.name, secret)
    click.echo(f"The key {name} is good until {to_rfc3339(ends)}, if it does not end sooner.", err=True)


@keys.command("list")
@click.option(
    "--format", "style", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)
@where
def list_(style: Literal["table", "json"], config: Path | None, **flags: Any) -> None:
    """List the keys: names, limits, and when each was last used, to the hour; never the keys."""

    async def act(backend: KeyBackend) -> tuple[list[Key], Mapping[str, datetime] | None]:
        return await backend.list(), await _uses(backend)

    found, uses = with_backend(flags, config, act)
    items = [to_item(key, last_used(key, uses or {})) for key in found]
    if style == "json":
        for item in items:
            click.echo(item.model_dump_json())
    else:
        _print(items, uses_known=uses is not None)


@keys.command()
@click.argument("name")
@where
def revoke(name: str, config: Path | None, **flags: Any) -> None:
    """Revoke the key NAME: it is refused from now on."""
    if not with_backend(flags, config, lambda backend: backend.delete(name)):
        raise absent(name)
    click.echo(f"Revoked the key {name}.", err=True)


def _show(name: str, secret: str) -> None:
    click.echo(f"Created the key {name}. It is shown this once; keep it now.", err=True)
    click.echo(secret)


async def _uses(backend: KeyBackend) -> Mapping[str, datetime] | None:
    """None when whoever asks may see the keys, but not this."""
    try:
        return await backend.uses()
    except Unavailable as error:
        click.echo(f"When keys were last used is unknown: {error}", err=True)
        return None


def _print(items: list[KeyItem], *, uses_known: bool) -> None:
    table = Table("NAME", "SCOPES", "APIS", "PRODUCTS", "ENVIRONMENTS", "EXPIRES", "LAST USED", box=None)
    for item in items:
        limits = (",".join(limit) or "all" for limit in (item.apis, item.products, item.environments))
        used = _time(item.last_used_at) if uses_known else "?"
        table.add_row(item.name, ",".join(item.scopes), *limits, _time(item.expires_at), used)
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def _time(when: datetime | None) -> str:
    return to_rfc3339(when) if when is not None else "never"
