"""deploytrail replay."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import click

from deploytrail import replay as replaying
from deploytrail import telemetry
from deploytrail.app import dialects, keys_of
from deploytrail.cli.opening import until_there
from deploytrail.cli.options import settings_options, tree
from deploytrail.keys.base import KeyBackend
from deploytrail.kube.client import Kube
from deploytrail.rederive import rederive
from deploytrail.settings import Settings, load
from deploytrail.stores.base import Store
from deploytrail.stores.factory import KUBERNETES, create_store

STORE = frozenset({"store", "namespace", "kubeconfig", "keys_file", "environments", "quanta"})
"""What --from-store must know: where the records and the keys are, and how the dialects read."""


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--format", "style", type=click.Choice(["json", "table"]), default="json", show_default=True, help="How to print."
)
@click.option("--from-store", is_flag=True, help="Derive the records of HTTP reports again, from the bodies kept.")
@click.option("--apply", is_flag=True, help="With --from-store: write what changed, instead of only printing it.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with the settings below.")
@settings_options(Settings, only=frozenset({"argocd"}) | STORE)
def replay(
    files: tuple[str, ...],
    style: Literal["json", "table"],
    *,
    from_store: bool,
    apply: bool,
    config: Path | None,
    **flags: str | None,
) -> None:
    """Print what would be recorded of recorded watch streams of Applications; - reads standard input.

    A FILE holds JSON lines {"type", "observedAt", "object"}, or what this prints, with the times of the objects:

    kubectl get applications.argoproj.io -A -w -o json --output-watch-events

    With --from-store, print instead how the records of HTTP reports would change if their bodies were read today.

    Exit code 1 when a line could not be read, or a record not derived again; all others are.
    """
    _check(files, style, from_store=from_store, apply=apply)
    settings = load(tree(flags), config)
    if from_store:
        telemetry.configure_logging(level="warning", style=settings.log_format)  # on standard error, like the summary
        sys.exit(asyncio.run(_rederive(settings, apply=apply)))
    sources = [Path("/dev/stdin" if file == "-" else file) for file in files]
    rules, policy = settings.argocd.rules, settings.argocd.policy
    sys.exit(
        replaying.replay(sources, format=style, out=sys.stdout, err=sys.stderr, rules=rules, policy=policy),
    )


def _check(files: tuple[str, ...], style: str, *, from_store: bool, apply: bool) -> None:
    if from_store and (files or style != "json"):
        raise click.UsageError("--from-store takes no FILE, and prints JSON")
    if apply and not from_store:
        raise click.UsageError("--apply goes with --from-store: a recording is never written to a store")
    if not from_store and not files:
        raise click.UsageError("Missing argument 'FILE...'.")


async def _rederive(settings: Settings, *, apply: bool) -> int:
    async with _opened(settings) as (store, keys):
        await until_there(store)
        spoken, known = dialects(settings), await keys.list()
        return await rederive(store, dialects=spoken, keys=known, apply=apply, out=sys.stdout, err=sys.stderr)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Store, KeyBackend]]:
    async with _cluster(settings) as kube:
        keys = keys_of(settings, kube)
        store = create_store(settings.store, kube=kube, namespace=settings.namespace)
        await store.start()
        try:
            yield store, keys
        finally:
            await store.stop()


@asynccontextmanager
async def _cluster(settings: Settings) -> AsyncIterator[Kube | None]:
    if settings.keys_file is not None and settings.store.get_secret_value() != KUBERNETES:
        yield None
        return
    kube = await Kube.connect(settings.kubeconfig)
    try:
        yield kube
    finally:
        await kube.close()
