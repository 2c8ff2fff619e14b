"""The store that the settings name, opened for one command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploytrail.errors import Unavailable
from deploytrail.kube.client import Kube
from deploytrail.settings import Settings
from deploytrail.stores.base import Store
from deploytrail.stores.factory import KUBERNETES, create_store

PATIENCE_SECONDS = 30.0
"""How long a store may take to come up."""


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """Started, and let go of in the end."""
    kube = await Kube.connect(settings.kubeconfig) if settings.store.get_secret_value() == KUBERNETES else None
    store = create_store(settings.store, kube=kube, namespace=settings.namespace)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()
        if kube is not None:
            await kube.close()


async def until_there(store: Store) -> None:
    """Wait until it can be asked. Raises Unavailable when that takes too long."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await store.check()
        except Unavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.1)
