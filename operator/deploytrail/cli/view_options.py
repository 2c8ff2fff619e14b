"""What ``get`` and ``watch`` have in common: where the Deploytrail is, and how to be let in."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from deploytrail.cli.report_options import variables
from deploytrail.errors import Misconfigured, Unavailable
from deploytrail.remote.destination import Destination, find_key, find_url
from deploytrail.remote.variables import PREFIX
from deploytrail.viewing.client import Client
from deploytrail.viewing.forwarding import Where, forwarded

F = TypeVar("F", bound=Callable[..., Any])

UNREACHABLE = 3
"""The exit code when nobody answers, as with ``report``."""

_HOW = "make one with: deploytrail keys create NAME --scope read"


def where_options(command: F) -> F:
    """Options that say where the Deploytrail is; ``reach`` takes them out of the flags again."""
    for option in reversed(
        (
            click.option(
                "--url",
                metavar="URL",
                help=f"Where it is; else kubectl finds a way there.  [env: {PREFIX}URL]",
            ),
            click.option(
                "--key-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help=f"File with a key of the scope read; else {PREFIX}KEY holds it.",
            ),
            click.option("-n", "--namespace", metavar="NAME", help="Where in the cluster; else it is looked for."),
            click.option("--service", metavar="NAME", help="Its Service; else the one with the chart's label."),
            click.option("--context", metavar="NAME", help="Context of the kubeconfig."),
            click.option("--kubeconfig", metavar="FILE", help="Kubeconfig for kubectl."),
        )
    ):
        command = option(command)
    return command


def filters(*names: str) -> Callable[[F], F]:
    """Options of these names, which the server understands."""

    def decorate(command: F) -> F:
        for name in reversed(names):
            command = click.option(f"--{name}", metavar="TEXT", help=_FILTERS[name])(command)
        return command

    return decorate


_FILTERS = {
    "product": "Only this product.",
    "environment": "Only this environment.",
    "team": "Only deployments that name this team.",
    "version": "Only this version.",
    "status": "Only this status: pending, started, completed, failed, aborted, unknown.",
    "source": "Only what came through this door, such as argocd.",
    "since": "Only what happened at or after this time, or so long ago, such as 24h or 7d.",
    "until": "Only what happened before this time, or so long ago.",
}


@contextmanager
def reach(flags: Mapping[str, Any]) -> Iterator[Client]:
    """Somebody to ask. Raises Misconfigured, or Unavailable when there is no way."""
    try:
        key = find_key(flags["key_file"], variables())
    except Misconfigured as error:
        raise Misconfigured(f"{error}; {_HOW}") from error
    url = find_url(flags["url"], variables())
    if url is not None:
        with Client(Destination(url, key)) as client:
            yield client
        return
    where = Where(**{name: flags[name] for name in ("kubeconfig", "context", "namespace", "service")})
    with forwarded(where) as url, Client(Destination(url, key)) as client:
        yield client


@contextmanager
def told() -> Iterator[None]:
    """Ends with an exit code of its own when nobody answers."""
    try:
        yield
    except Unavailable as error:
        click.echo(f"deploytrail: {error}", err=True)
        sys.exit(UNREACHABLE)
