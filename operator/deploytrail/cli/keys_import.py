"""deploytrail keys import."""

from pathlib import Path
from typing import Any, TextIO

import click

from deploytrail.cli.key_options import make, order_options, take_wishes, to_order, where, with_backend
from deploytrail.keys.base import KeyBackend, check_new
from deploytrail.keys.imported import read_key, read_keys
from deploytrail.keys.model import Key

_NO_ARGUMENT = (
    "give one NAME or none; the key itself comes from standard input or --from, because everybody on this machine "
    "can read the arguments of a command"
)


@click.command("import")
@click.argument("names", nargs=-1, metavar="[NAME]")
@click.option(
    "--from",
    "source",
    type=click.File("r", encoding="utf-8", errors="replace"),
    default="-",
    help="File to read from; default: standard input.",
)
@order_options
@where
def import_(names: tuple[str, ...], source: TextIO, config: Path | None, **flags: Any) -> None:
    """Import a key that a client has already, so that it moves here without a change.

    With NAME, standard input or the file holds that one key. Without, it holds lines name=key, and all keys are given
    the same scopes and limits. A key that is there already under its name stays as it is.
    """
    if len(names) > 1:
        raise click.UsageError(_NO_ARGUMENT)
    secrets = _read(source, names[0] if names else None)
    wishes = take_wishes(flags)
    keys = [make(to_order(name, wishes), secret) for name, secret in secrets.items()]

    async def act(backend: KeyBackend) -> list[Key]:
        there = await backend.list()
        known = {(key.name, key.digest) for key in there}
        new = [key for key in keys if (key.name, key.digest) not in known]
        for key in new:  # all of them are looked at before the first is stored
            check_new(key, there)
        for key in new:
            await backend.create(key)
        return new

    imported = with_backend(flags, config, act)
    for key in keys:
        click.echo(f"{'Imported' if key in imported else 'There already is'} the key {key.name}.", err=True)


def _read(source: TextIO, name: str | None) -> dict[str, str]:
    if name is not None and source.isatty():
        return {name: read_key(click.prompt("Key", hide_input=True, err=True))}
    text = source.read()
    return {name: read_key(text)} if name is not None else read_keys(text)
