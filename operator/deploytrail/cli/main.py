"""The root command; every subcommand stands in its own file."""

import sys

import click

from deploytrail import __version__
from deploytrail.cli.crds import crds
from deploytrail.cli.keys import keys
from deploytrail.cli.replay import replay
from deploytrail.cli.run import run
from deploytrail.errors import DeploytrailError, Misconfigured


class _Group(click.Group):
    """Ends with one sentence, never with a stack trace, when the answer is one of ours."""

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


for command in (run, replay, keys, crds):
    main.add_command(command)
