"""The root command; every subcommand stands in its own file, which is read when it is asked for.

So ``report``, which runs in CI jobs all day, does not wait for what only the operator needs.
"""

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from deploytrail import __version__
from deploytrail.errors import DeploytrailError, Misconfigured

COMMANDS: Mapping[str, str] = {
    "run": "deploytrail.cli.run",
    "report": "deploytrail.cli.report",
    "get": "deploytrail.cli.get",
    "watch": "deploytrail.cli.watch",
    "replay": "deploytrail.cli.replay",
    "store": "deploytrail.cli.store",
    "keys": "deploytrail.cli.keys",
    "crds": "deploytrail.cli.crds",
    "doctor": "deploytrail.cli.doctor",
}
"""Command → the module that holds it, under the same name."""


class _Group(click.Group):
    """Ends with one sentence, never with a stack trace, when the answer is one of ours."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except DeploytrailError as error:
            click.echo(f"deploytrail: {error}", err=True)
            sys.exit(2 if isinstance(error, Misconfigured) else 1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="deploytrail")
def main() -> None:
    """Record every deployment in a Kubernetes cluster exactly once."""


def kubectl() -> None:
    """The same, found by kubectl as ``kubectl deploytrail``."""
    main(prog_name="kubectl deploytrail")
