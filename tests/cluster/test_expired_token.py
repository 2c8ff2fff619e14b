"""A pod whose token is no longer good, on the real API server: it watches again once the kubelet brings another."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import kopf
import pytest
from kubernetes.aio.config import incluster_config

from deploytrail.errors import Unavailable
from deploytrail.kube.client import APPLICATIONS, CONFIG_MAPS, Kube, Object
from deploytrail.kube.operator import LOGIN_SECONDS, Operator, Watch
from tests.argocd.applications import ClusterApplications
from tests.argocd.shapes import Setup
from tests.controlplane.cluster import Cluster
from tests.waiting import until

ACCOUNT = "watcher"


@pytest.fixture
def bring(cluster: Cluster, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a token where a pod has it; the client looks for another each time, not once a minute."""
    token, ca, address = tmp_path / "token", tmp_path / "ca.crt", urlsplit(cluster.url)
    ca.write_text(cluster.ca)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(address.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(ca))
    read = incluster_config.InClusterConfigLoader._read_token_file

    def read_again(loader: incluster_config.InClusterConfigLoader) -> None:
        read(loader)
        loader.token_expires_at = datetime.now()  # noqa: DTZ005 - as the client compares it

    monkeypatch.setattr(incluster_config.InClusterConfigLoader, "_read_token_file", read_again)

    def write(told: str) -> None:
        token.write_text(told)

    return write


class Counted(Kube):
    """Counts how often kopf asks who we are."""

    logins = 0

    async def login(self) -> kopf.ConnectionInfo:
        self.logins += 1
        return await super().login()


def account(cluster: Cluster, namespace: str) -> str:
    """A ServiceAccount, made anew, and a token of it."""
    cluster.kubectl("delete", "serviceaccount", ACCOUNT, "-n", namespace, "--ignore-not-found")
    cluster.kubectl("create", "serviceaccount", ACCOUNT, "-n", namespace)
    return cluster.token(namespace, ACCOUNT)


def test_it_goes_on_with_the_next_token(
    cluster: Cluster, namespace: str, applications: ClusterApplications, bring: Callable[[str], None]
) -> None:
    bound = f"--serviceaccount={namespace}:{ACCOUNT}"
    cluster.kubectl("create", "clusterrolebinding", namespace, "--clusterrole=cluster-admin", bound)
    spoilt = account(cluster, namespace)
    good = account(cluster, namespace)  # the account of the first is gone, and so is what its token was good for
    applications.create(Setup(name="web", namespace=namespace).application())
    bring(spoilt)
    seen: list[str] = []

    async def note(_: str | None, obj: Object, at: datetime) -> None:
        seen.append(obj["metadata"]["namespace"])

    async def ready() -> bool:
        return True

    async def act() -> None:
        kube = await Counted.connect()
        assert isinstance(kube, Counted)
        operator = Operator(kube, [Watch(APPLICATIONS, note)], ready=ready, started=lambda: None)
        watching = asyncio.create_task(operator.run())
        try:
            began = asyncio.get_running_loop().time()
            await until(lambda: kube.logins > 2)  # it was refused with what the first ones told
            assert asyncio.get_running_loop().time() - began > LOGIN_SECONDS  # and was patient
            with pytest.raises(Unavailable):
                await kube.get(CONFIG_MAPS, namespace, "any")
            assert not seen
            bring(good)
            await until(lambda: namespace in seen)
            assert await kube.get(CONFIG_MAPS, namespace, "any") is None
        finally:
            operator.stop()
            await watching
            await kube.close()

    try:
        asyncio.run(act())
    finally:
        cluster.kubectl("delete", "clusterrolebinding", namespace)
