"""deploytrail get."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import click
from rich.console import Console

from deploytrail.cli.view_options import filters, reach, told, where_options
from deploytrail.viewing.client import PAGE, Client, Listed, Record
from deploytrail.viewing.kinds import BUILDS, DEPLOYMENTS, DORA, ENVIRONMENTS, KINDS, Kind
from deploytrail.viewing.period import to_time
from deploytrail.viewing.table import to_table

F = TypeVar("F", bound=Callable[..., Any])

MOST = 50
"""How many records a table shows unless told otherwise."""

MOST_GROUPS = 100
"""How many products or teams DORA's metrics are told of at once."""

_ALL_GROUPS = {"limit": str(MOST_GROUPS)}
_HOW_MORE = {kind.name: ", the newest: --limit shows more" for kind in (DEPLOYMENTS, BUILDS)}
_PIPE_WIDTH = 500
_WHERE = ("url", "key_file", "namespace", "service", "context", "kubeconfig")
_STYLES = ("table", "wide", "json", "yaml")


def _output(*styles: str) -> Callable[[F], F]:
    return click.option(
        "-o", "--output", type=click.Choice(styles), default=styles[0], show_default=True, help="How to print."
    )


_limit = click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help=f"How many at most: {MOST} unless told, as csv all."
)
_id = click.argument("ids", nargs=-1, metavar="[ID]")


class _Kinds(click.Group):
    """Knows short names, as kubectl does."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = next((kind.name for kind in KINDS.values() if cmd_name in kind.aliases), cmd_name)
        return super().get_command(ctx, name)

    def invoke(self, ctx: click.Context) -> object:
        with told():
            return super().invoke(ctx)


@click.group(cls=_Kinds)
def get() -> None:
    """Show what is recorded: deployments, builds, what runs where, and how well changes are delivered.

    With --url or DEPLOYTRAIL_URL that Deploytrail is asked; without, the one in the cluster of your kubeconfig, through
    kubectl port-forward. DEPLOYTRAIL_KEY holds a key with the scope read, or --key-file does.

    \b
    Exit codes:
      0  shown
      1  refused, or there is no such record
      2  used or configured wrongly
      3  not reached
    """


@get.command()
@filters("product", "environment")
@_output(*_STYLES, "csv")
@where_options
def environments(output: str, **flags: Any) -> None:
    """What runs where: the newest success of every product in every environment. Short: env."""
    if output == "csv":
        _export(ENVIRONMENTS, flags)
    else:
        _show(ENVIRONMENTS, output, flags, lambda client, asked: client.whole(ENVIRONMENTS.path, asked))


@get.command()
@filters("product", "team", "environment", "since", "until")
@click.option("--by", type=click.Choice(["product", "environment", "team"]), help="Tell these apart.")
@_output(*_STYLES, "csv")
@where_options
def dora(output: str, **flags: Any) -> None:
    """How well changes are delivered: DORA's metrics, of the last 90 days unless told."""
    if output == "csv":
        _export(DORA, flags, MOST_GROUPS)
        return
    _show(DORA, output, flags, lambda client, asked: _judged(client.one(DORA.path, {**asked, **_ALL_GROUPS}), output))


@get.command()
@_id
@filters("product", "environment", "version", "status", "source", "since", "until")
@_limit
@_output(*_STYLES, "csv")
@where_options
def deployments(ids: tuple[str, ...], limit: int | None, output: str, **flags: Any) -> None:
    """Deployments, newest first; or the one with that ID, with its history and reports as json or yaml. Short: dep."""
    _select(DEPLOYMENTS, ids, limit, output, flags)


@get.command()
@_id
@filters("product", "version", "status", "source", "since", "until")
@_limit
@_output(*_STYLES, "csv")
@where_options
def builds(ids: tuple[str, ...], limit: int | None, output: str, **flags: Any) -> None:
    """Builds, newest first; or the one with that ID. Short: bld."""
    _select(BUILDS, ids, limit, output, flags)


Ask = Callable[[Client, Mapping[str, str]], Listed | Record]


def _judged(told: Record, output: str) -> Listed | Record:
    """A row for all, and one for each that is told apart."""
    if output in ("json", "yaml"):
        return told
    return Listed(
        ({**told.get("total", {}), "name": "all"}, *told.get("groups", ())), more=told.get("next") is not None
    )


def _select(kind: Kind, ids: tuple[str, ...], limit: int | None, output: str, flags: Mapping[str, Any]) -> None:
    if len(ids) > 1:
        raise click.UsageError("give one ID or none")
    if output == "csv":
        if ids:
            raise click.UsageError("one record is no list: print it as json or yaml")
        _export(kind, flags, limit)
    elif ids:
        _show(kind, output, flags, lambda client, _: client.one(f"{kind.path}/{quote(ids[0], safe='')}"))
    else:
        _show(kind, output, flags, lambda client, asked: client.list(kind.path, asked, most=limit or MOST))


def _export(kind: Kind, flags: Mapping[str, Any], limit: int | None = None) -> None:
    if limit is not None and limit > PAGE:
        raise click.UsageError(f"as csv a limit is at most {PAGE}; without one it is everything")
    asked = _asked(flags, now=datetime.now(UTC)) | ({"limit": str(limit)} if limit is not None else {})
    with reach(flags) as client:
        if client.csv(kind.path, asked, partial(click.echo, nl=False)):
            _say_more(kind)


def _asked(flags: Mapping[str, Any], *, now: datetime) -> dict[str, str]:
    asked = {name: value for name, value in flags.items() if name not in _WHERE and value is not None}
    return asked | {name: to_time(asked[name], now=now) for name in ("since", "until") if name in asked}


def _show(kind: Kind, output: str, flags: Mapping[str, Any], ask: Ask) -> None:
    now = datetime.now(UTC)
    with reach(flags) as client:
        found = ask(client, _asked(flags, now=now))
    match output:
        case "json":
            click.echo(json.dumps(_plain(found), indent=2, ensure_ascii=False))
        case "yaml":
            import yaml

            click.echo(yaml.safe_dump(_plain(found), sort_keys=False, allow_unicode=True), nl=False)
        case _:
            _print(kind, found, now=now, wide=output == "wide")
    if isinstance(found, Listed) and found.more:
        _say_more(kind)


def _say_more(kind: Kind) -> None:
    click.echo(f"There are more than these{_HOW_MORE.get(kind.name, '')}.", err=True)


def _plain(found: Listed | Record) -> Any:
    return {"items": list(found.items)} if isinstance(found, Listed) else found


def _print(kind: Kind, found: Listed | Record, *, now: datetime, wide: bool) -> None:
    records = found.items if isinstance(found, Listed) else (found,)
    if not records:
        click.echo(f"No {kind.name} found.", err=True)
        return
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(to_table(kind, records, now=now, wide=wide))
