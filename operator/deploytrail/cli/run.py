"""deploytrail run."""

import sys
from pathlib import Path

import click

from deploytrail import app, telemetry
from deploytrail.cli.options import settings_options, tree
from deploytrail.settings import Settings, load


@click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with the settings below.")
@settings_options(Settings)
def run(config: Path | None, **flags: str | None) -> None:
    """Watch, listen and record until SIGTERM or Ctrl-C.

    Flags win over environment variables, those over the file.
    """
    settings = load(tree(flags), config)
    telemetry.configure_logging(level=settings.log_level, style=settings.log_format)
    sys.exit(app.run(settings))
