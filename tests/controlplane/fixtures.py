"""pytest's fixtures of an API server: started once per run, a namespace per test. tests/conftest.py loads them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.cluster import Cluster
from tests.controlplane.crds import install_crds
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
    kind = kind_program()
    # Without it pytest-kind downloads a kind from 2022, whose Kubernetes is older than what we use.
    request.config.option.kind_bin = request.config.option.kind_bin or kind
    return Cluster(Path(request.getfixturevalue("kind_cluster").kubeconfig_path).absolute())


@pytest.fixture(scope="session")
def crds(cluster: Cluster) -> Cluster:
    """The cluster with our kinds installed."""
    install_crds(cluster)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that this test has for itself."""
    name = cluster.create_namespace()
    yield name
    cluster.delete_namespace(name)


def kind_program() -> str:
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
