"""Every store, empty, behind one fixture: a special case for one of them would mean that the port is wrong."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from deploytrail.stores.base import Store
from deploytrail.stores.memory import MemoryStore
from tests.contract.replicas import in_cluster, replica
from tests.controlplane.cluster import Cluster

Opening = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens one more replica on the same records."""


@pytest.fixture(params=["memory", "kubernetes", "sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest) -> Iterator[Opening]:
    match request.param:
        case "memory":
            yield _memory()
        case "kubernetes":
            yield _kubernetes(request.getfixturevalue("crds"), request.getfixturevalue("namespace"))
        case "sqlite":
            yield _single(f"sqlite:///{request.getfixturevalue('tmp_path')}/deploytrail.db")
        case "postgresql":
            yield _sql(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of either sort."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/deploytrail.db"
    found: str = request.getfixturevalue("postgresql_url")
    return found


def _memory() -> Opening:
    shared = MemoryStore()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Store]:
        yield shared

    return opening


def _kubernetes(cluster: Cluster, namespace: str) -> Opening:
    @asynccontextmanager
    async def opening() -> AsyncIterator[Store]:
        async with in_cluster(cluster, namespace) as (store, _):
            yield store

    return opening


def _sql(url: str) -> Opening:
    return lambda: replica(url)


def _single(url: str) -> Opening:
    """A file is for one replica: what is opened while it is open is the same one."""
    opened: list[Store] = []

    @asynccontextmanager
    async def opening() -> AsyncIterator[Store]:
        if opened:
            yield opened[0]
            return
        async with replica(url) as store:
            opened.append(store)
            yield store
        opened.clear()

    return opening
