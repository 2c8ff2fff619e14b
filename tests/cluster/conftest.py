"""A real API server for the tests in this folder, started once per run."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.argocd.applications import CRD, ClusterApplications
from tests.cluster.charted import Install, upgrade
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """Our own control plane, for tests that take the API server away or read its audit log."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # a first build takes minutes: let it be seen
        plane = ControlPlane()
    with plane:
        yield plane


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The cluster of this run: ``--cluster=local`` (the ``control_plane``) or ``--cluster=kind``."""
    if request.config.getoption("cluster") == "local":
        plane: ControlPlane = request.getfixturevalue("control_plane")
        return plane
    kind = _kind()
    # Without it pytest-kind downloads a kind from 2022, whose Kubernetes is older than what we use.
    request.config.option.kind_bin = request.config.option.kind_bin or kind
    return Cluster(Path(request.getfixturevalue("kind_cluster").kubeconfig_path).absolute())


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that this test has for itself."""
    name = cluster.create_namespace()
    yield name
    cluster.delete_namespace(name)


@pytest.fixture(scope="session")
def argocd(cluster: Cluster) -> None:
    """The cluster knows Applications."""
    cluster.kubectl("apply", "-f", str(CRD))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/applications.argoproj.io")
    cluster.kubectl("get", "applications", "-A")  # from here on a watch may ask for everything since


@pytest.fixture
def applications(argocd: None, cluster: Cluster, namespace: str) -> Iterator[ClusterApplications]:
    """The Applications in the test's own namespace, written as the administrator."""
    with ClusterApplications(cluster.kubeconfig, namespace) as own:
        yield own


@pytest.fixture(scope="session")
def fresh() -> Iterator[ControlPlane]:
    """A control plane that knows nothing of us, for the chart: what it installs would disturb other tests."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture
def install(fresh: ControlPlane) -> Iterator[Install]:
    """Installs the chart into a new namespace; afterwards all of it is gone."""
    installed: list[str] = []

    def install(*values: str) -> str:
        installed.append(fresh.create_namespace("chart"))
        upgrade(fresh, installed[-1], *values)
        return installed[-1]

    yield install
    for name in installed:
        fresh.helm("uninstall", "trail", "-n", name, "--ignore-not-found")
    fresh.kubectl("delete", "crd/deploymentevents.deploytrail.dev", "--ignore-not-found")


def _kind() -> str:
    """The kind program, or a failure that says what is missing."""
    if not shutil.which("docker"):
        pytest.fail("--cluster=kind needs Docker, and there is no docker on PATH; --cluster=local needs neither")
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True)
    if asked.returncode != 0:
        pytest.fail(f"--cluster=kind needs Docker, and its daemon does not answer: {asked.stderr.strip()}")
    kind = shutil.which("kind")
    if not kind:
        pytest.fail("--cluster=kind needs the kind program on PATH (https://kind.sigs.k8s.io)")
    return kind
