"""deploytrail crds."""

import click

from deploytrail.kube.crds import to_yaml


@click.command()
def crds() -> None:
    """Print the CustomResourceDefinitions, for kubectl apply -f -."""
    click.echo(to_yaml(), nl=False)
