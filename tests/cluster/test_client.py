"""The client against a real API server: what its answers look like at the edges."""

import asyncio

from deploytrail.kube.client import APPLICATIONS, DEPLOYMENT_EVENTS, Kube
from tests.argocd.applications import ClusterApplications
from tests.argocd.shapes import Setup
from tests.controlplane.cluster import Cluster


def test_the_metadata_of_all_objects_of_a_kind(
    crds: Cluster, applications: ClusterApplications, namespace: str
) -> None:
    made = [applications.create(Setup(name=name, namespace=namespace).application()) for name in ("a", "b")]

    async def act() -> None:
        kube = await Kube.connect(crds.kubeconfig)
        found = [metadata["name"] async for metadata in kube.metadata(APPLICATIONS, namespace)]
        none = [metadata async for metadata in kube.metadata(DEPLOYMENT_EVENTS, namespace)]
        uids = await kube.uids(APPLICATIONS)
        await kube.close()

        assert found == ["a", "b"]
        assert none == []
        assert uids >= {each["metadata"]["uid"] for each in made}

    asyncio.run(act())
