"""deploytrail watch."""

import sys
from contextlib import closing
from functools import partial
from typing import Any

import click
from rich.console import Console

from deploytrail.cli.view_options import filters, reach, where_options
from deploytrail.viewing import live

MOST = 100
"""Deployments that are followed at a time: more than a screen has lines."""


@click.command()
@filters("product", "environment")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.5),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@where_options
def watch(interval: float, **flags: Any) -> None:
    """Follow what runs where and what is being deployed, until Ctrl-C.

    On a terminal it is a table that is drawn again and again; elsewhere a line for each deployment whenever it moves.
    While nobody answers, what was seen last stays, with the reason. Where and how to ask: see deploytrail get --help.
    """
    asked = {name: flags[name] for name in ("product", "environment") if flags[name] is not None}
    with closing(live.scenes(partial(reach, flags), asked, most=MOST, interval=interval)) as seen:
        try:
            if sys.stdout.isatty():
                live.show(Console(), seen, most=MOST)
            else:
                live.tell(click.echo, seen)
        except KeyboardInterrupt:
            return
