"""Every store, empty, behind one fixture: a special case for one of them would mean that the port is wrong."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from deploytrail.kube.client import Kube
from deploytrail.kube.crds import as_yaml
from deploytrail.kube.crds import crds as all_crds
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore
from deploytrail.stores.memory import MemoryStore
from tests.cluster.conftest import cluster, control_plane, namespace  # noqa: F401 - fixtures
from tests.controlplane.cluster import Cluster
from tests.waiting import until

Opening = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens one more replica on the same records."""


@pytest.fixture(scope="session")
def crds(cluster: Cluster) -> Cluster:  # noqa: F811
    """The cluster with our kinds installed."""
    for definition in all_crds():
        cluster.kubectl("apply", "--server-side", "-f", "-", input=as_yaml(definition))
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{definition['metadata']['name']}")
    return cluster


@pytest.fixture(params=["memory", "kubernetes"])
def opening(request: pytest.FixtureRequest) -> Iterator[Opening]:
    match request.param:
        case "memory":
            yield _memory()
        case "kubernetes":
            yield _kubernetes(request.getfixturevalue("crds"), request.getfixturevalue("namespace"))


def _memory() -> Opening:
    shared = MemoryStore()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Store]:
        yield shared

    return opening


def _kubernetes(cluster: Cluster, namespace: str) -> Opening:  # noqa: F811
    @asynccontextmanager
    async def opening() -> AsyncIterator[Store]:
        kube = await Kube.connect(cluster.kubeconfig)
        store = KubernetesStore(kube, namespace=namespace)
        await store.start()
        try:
            await until(store.check)
            yield store
        finally:
            await store.stop()
            await kube.close()

    return opening
