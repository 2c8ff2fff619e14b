"""deploytrail keys."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from deploytrail.cli.options import settings_options, tree
from deploytrail.errors import Misconfigured, Rejected
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.file import FileKeys
from deploytrail.keys.model import Key, Scope, digest, new_key
from deploytrail.keys.secrets import SecretKeys
from deploytrail.kube.client import Kube
from deploytrail.record.instant import to_rfc3339
from deploytrail.settings import Settings, load

T = TypeVar("T")

_SCOPES = click.Choice([scope.value for scope in Scope])


def _where(command: Callable[..., None]) -> Callable[..., None]:
    options = settings_options(Settings, only=frozenset({"namespace", "kubeconfig", "keys_file"}))
    config = click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with settings.")
    return options(config(command))


@click.group()
def keys() -> None:
    """Create, list and revoke the keys of the HTTP endpoint.

    Keys are Secrets in the namespace, or stand in the file given by --keys-file.
    """


@keys.command()
@click.argument("name")
@click.option("--scope", "scopes", type=_SCOPES, multiple=True, required=True, help="What it is for; may be repeated.")
@click.option("--api", "apis", multiple=True, metavar="API", help="Only for this ingest API; may be repeated.")
@click.option("--product", "products", multiple=True, metavar="NAME", help="Only for this product; may be repeated.")
@click.option("--environment", "environments", multiple=True, metavar="NAME", help="Only there; may be repeated.")
@_where
def create(
    name: str,
    scopes: tuple[str, ...],
    apis: tuple[str, ...],
    products: tuple[str, ...],
    environments: tuple[str, ...],
    config: Path | None,
    **flags: str | None,
) -> None:
    """Create the key NAME and print it, once, alone on standard output."""
    secret = new_key()
    try:
        key = Key.model_validate(
            {
                "name": name,
                "digest": digest(secret),
                "scopes": scopes,
                "apis": apis,
                "products": products,
                "environments": environments,
                "created_at": datetime.now(UTC).replace(microsecond=0),
            }
        )
    except ValidationError as error:
        raise Misconfigured(f"{name!r} cannot name a key: use up to 63 letters a-z, digits, - and .") from error
    _with_backend(load(tree(flags), config), lambda backend: backend.create(key))
    click.echo(f"Created the key {name}. It is shown this once; keep it now.", err=True)
    click.echo(secret)


@keys.command("list")
@_where
def list_(config: Path | None, **flags: str | None) -> None:
    """List the keys in force: their names and limits, never the keys."""
    table = Table("NAME", "SCOPES", "APIS", "PRODUCTS", "ENVIRONMENTS", "CREATED", "EXPIRES", box=None)
    for key in _with_backend(load(tree(flags), config), lambda backend: backend.list()):
        limits = (",".join(sorted(items)) or "all" for items in (key.apis, key.products, key.environments))
        expires = to_rfc3339(key.expires_at) if key.expires_at else "never"
        table.add_row(key.name, ",".join(sorted(key.scopes)), *limits, to_rfc3339(key.created_at), expires)
    Console().print(table)


@keys.command()
@click.argument("name")
@_where
def revoke(name: str, config: Path | None, **flags: str | None) -> None:
    """Revoke the key NAME: it is refused from now on."""
    if not _with_backend(load(tree(flags), config), lambda backend: backend.delete(name)):
        raise Rejected(f"there is no key named {name}", reason="not-found")
    click.echo(f"Revoked the key {name}.", err=True)


def _with_backend(settings: Settings, act: Callable[[KeyBackend], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with _backend(settings) as backend:
            return await act(backend)

    return asyncio.run(connected())


@asynccontextmanager
async def _backend(settings: Settings) -> AsyncIterator[KeyBackend]:
    if settings.keys_file is not None:
        yield FileKeys(settings.keys_file)
        return
    kube = await Kube.connect(settings.kubeconfig)
    try:
        yield SecretKeys(kube, namespace=settings.namespace)
    finally:
        await kube.close()
