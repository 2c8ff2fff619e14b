"""What the commands on keys have in common: where keys are kept, and what a new one shall be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from deploytrail.app import apis, keys_of
from deploytrail.cli.options import settings_options, tree
from deploytrail.errors import Misconfigured, Rejected
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.model import Key, Scope
from deploytrail.keys.order import Order
from deploytrail.kube.client import Kube
from deploytrail.settings import Settings, load
from deploytrail.telemetry import configure_logging

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")

_SCOPES = click.Choice([scope.value for scope in Scope])
_APIS = click.Choice(sorted(apis()))
_ORDER = ("scopes", "apis", "products", "environments", "product", "environment", "workspace", "expires")


def where(command: C) -> C:
    """Options that say where keys are kept."""
    options: Callable[[C], C] = settings_options(Settings, only=frozenset({"namespace", "kubeconfig", "keys_file"}))
    config = click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with settings.")
    return options(config(command))


def order_options(command: C) -> C:
    """Options that say what a new key shall be; ``take_wishes`` takes them out of the flags again."""
    for option in reversed(
        (
            click.option("--scope", "scopes", type=_SCOPES, multiple=True, required=True, help="What it is for."),
            click.option(
                "--api",
                "apis",
                type=_APIS,
                multiple=True,
                help="Only for this ingest API; a key that github or gitlab signs with is kept itself.",
            ),
            click.option("--product", "products", multiple=True, metavar="NAME", help="Only for this product."),
            click.option("--environment", "environments", multiple=True, metavar="NAME", help="Only there."),
            click.option(
                "--default-product", "product", metavar="NAME", help="Product, where its API has no word for one."
            ),
            click.option("--default-environment", "environment", metavar="NAME", help="The same for the environment."),
            click.option("--workspace", metavar="NAME", help="Workspace whose environments it may name."),
            click.option("--expires", metavar="WHEN", help="A time, or how long from now: 90d, 12h. Default: never."),
        )
    ):
        command = option(command)
    return command


def take_wishes(flags: dict[str, Any]) -> dict[str, Any]:
    """What ``order_options`` put among the flags, taken out of them."""
    return {field: flags.pop(field) for field in _ORDER}


def to_order(name: str, wishes: Mapping[str, Any]) -> Order:
    """The order for a key of this name. Misconfigured names what is wrong."""
    try:
        return Order.model_validate({"name": name, **wishes})
    except ValidationError as error:
        raise _misconfigured(error) from None


def make(order: Order, secret: str) -> Key:
    """The key that is made of the order now. Misconfigured says what contradicts itself."""
    if order.name == secret:
        raise Misconfigured("name: this is the key itself; choose a name that everybody may read")
    try:
        return order.key(secret, now=datetime.now(UTC))
    except Rejected as error:
        raise Misconfigured(f"{error.field}: {error.message}") from error
    except ValidationError as error:
        raise _misconfigured(error) from None


def with_backend(flags: dict[str, Any], config: Path | None, act: Callable[[KeyBackend], Awaitable[T]]) -> T:
    """What ``act`` answers, with the keys where these flags say that they are."""
    settings = load(tree(flags), config)

    async def connected() -> T:
        async with _backend(settings) as backend:
            return await act(backend)

    return asyncio.run(connected())


@asynccontextmanager
async def _backend(settings: Settings) -> AsyncIterator[KeyBackend]:
    if settings.keys_file is not None:
        yield keys_of(settings, None)
        return
    # A Secret that is labelled as a key and is none gets a warning: on standard error, where it spoils no key.
    configure_logging(level="warning", style=settings.log_format)
    kube = await Kube.connect(settings.kubeconfig)
    try:
        yield keys_of(settings, kube)
    finally:
        await kube.close()


def _misconfigured(error: ValidationError) -> Misconfigured:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = f"{first['loc'][0]}: " if first["loc"] else ""
    return Misconfigured(where + first["msg"].removeprefix("Value error, "))
