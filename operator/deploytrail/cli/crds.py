"""deploytrail crds."""

import click

from deploytrail.kube.crds import as_yaml
from deploytrail.kube.crds import crds as definitions


@click.command()
def crds() -> None:
    """Print the CustomResourceDefinitions, for kubectl apply -f -."""
    click.echo("---\n".join(map(as_yaml, definitions())), nl=False)
