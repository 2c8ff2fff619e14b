"""What the tests in this folder have on the API server: Applications, and the chart."""

from collections.abc import Iterator

import pytest

from tests.argocd.applications import CRD, ClusterApplications
from tests.cluster.charted import Install, upgrade
from tests.cluster.trail import Trail
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane


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
        fresh.delete_crds("--selector=app.kubernetes.io/instance=trail")
        installed.append(fresh.create_namespace("chart"))
        upgrade(fresh, installed[-1], *values)
        return installed[-1]

    yield install
    for name in installed:
        fresh.helm("uninstall", "trail", "-n", name, "--ignore-not-found")
    fresh.delete_crds("--selector=app.kubernetes.io/instance=trail")


@pytest.fixture(scope="session")
def installed(crds: Cluster, argocd: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """An installation for all tests that do not mind what others have recorded."""
    with Trail(crds, tmp_path_factory.mktemp("trail")) as trail:
        yield trail


@pytest.fixture(scope="module")
def trail(installed: Trail) -> Iterator[Trail]:
    """The installation, for the replicas of one module; afterwards they end, and their logs are read."""
    yield installed
    assert installed.end() == []
