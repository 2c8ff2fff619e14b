"""deploytrail replay."""

import click


@click.command()
def replay() -> None:
    """Not wired yet."""
