"""Replicas of a store, up or not coming up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploytrail.errors import Unavailable
from deploytrail.kube.client import Kube
from deploytrail.stores.kubernetes import KubernetesStore
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.store import SqlStore
from tests.controlplane.cluster import Cluster
from tests.waiting import until


@asynccontextmanager
async def started(url: str) -> AsyncIterator[SqlStore]:
    """A store that has begun to connect."""
    store = SqlStore(database_of(url))
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


@asynccontextmanager
async def replica(url: str) -> AsyncIterator[SqlStore]:
    """A store that is up."""
    async with started(url) as store:
        await until(store.check)
        yield store


@asynccontextmanager
async def in_cluster(cluster: Cluster, namespace: str) -> AsyncIterator[tuple[KubernetesStore, Kube]]:
    """A store of objects that is up, and its client."""
    kube = await Kube.connect(cluster.kubeconfig)
    store = KubernetesStore(kube, namespace=namespace)
    await store.start()
    try:
        await until(store.check)
        yield store, kube
    finally:
        await store.stop()
        await kube.close()


async def why_not(url: str) -> str:
    """Why a store does not come up, as it tells whoever asks."""
    async with started(url) as store:

        async def told() -> str:
            with pytest.raises(Unavailable) as away:
                await store.check()
            assert "not connected yet" not in str(away.value)
            return str(away.value)

        reason: str = await until(told)
        return reason
