"""deploytrail replay."""

import sys
from pathlib import Path
from typing import Literal

import click

from deploytrail import replay as replaying
from deploytrail.cli.options import settings_options, tree
from deploytrail.settings import Settings, load


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format", "style", type=click.Choice(["json", "table"]), default="json", show_default=True, help="How to print."
)
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with the settings below.")
@settings_options(Settings, only=frozenset({"argocd"}))
def replay(files: tuple[str, ...], style: Literal["json", "table"], config: Path | None, **flags: str | None) -> None:
    """Print what would be recorded of recorded watch streams of Applications; - reads standard input.

    A FILE holds JSON lines {"type", "observedAt", "object"}, or what this prints, with the times of the objects:

    kubectl get applications.argoproj.io -A -w -o json --output-watch-events

    Exit code 1 when a line could not be read; all others are.
    """
    settings = load(tree(flags), config).argocd
    sources = [Path("/dev/stdin" if file == "-" else file) for file in files]
    sys.exit(
        replaying.replay(
            sources, format=style, out=sys.stdout, err=sys.stderr, rules=settings.rules, policy=settings.policy
        )
    )
