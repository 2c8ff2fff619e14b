"""``deploytrail get``: a real kubectl, asking a real API server for the chart's Service.

No pods run here, so that no port can be forwarded to one: tests/http has a stand-in for kubectl do that.
"""

import os
from pathlib import Path

import pytest

from deploytrail.errors import Misconfigured, Unavailable
from deploytrail.viewing.forwarding import Service, Where, find
from tests.cluster.charted import NAME, Install
from tests.controlplane.build import program
from tests.controlplane.server import ControlPlane


@pytest.fixture(autouse=True)
def kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{program('kubectl').parent}:{os.environ['PATH']}")


def test_the_charts_service_is_found_by_its_label_and_by_its_name(fresh: ControlPlane, install: Install) -> None:
    namespace = install("service.port=8081")
    there = Service(namespace, NAME, 8081)
    kubeconfig = str(fresh.kubeconfig)

    assert find(Where(kubeconfig)) == there
    assert find(Where(kubeconfig, namespace=namespace)) == there
    assert find(Where(kubeconfig, namespace=namespace, service=NAME)) == there
    with pytest.raises(Misconfigured, match="in the namespace default"):
        find(Where(kubeconfig, namespace="default"))


def test_it_is_found_whatever_the_chart_is_called(fresh: ControlPlane, install: Install) -> None:
    namespace = install('nameOverride="recorder"', 'commonLabels={"app.kubernetes.io/part-of":"platform"}')

    assert find(Where(str(fresh.kubeconfig))) == Service(namespace, "trail-recorder", 80)


def test_several_are_named(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    fresh.kubectl("create", "service", "clusterip", "second", "--tcp=80:80", "-n", namespace)
    fresh.kubectl("label", "service/second", "deploytrail.dev/endpoint=true", "-n", namespace)

    with pytest.raises(Misconfigured, match=f"{namespace}/second"):
        find(Where(str(fresh.kubeconfig)))


def test_what_kubectl_complains_of_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="kubectl: error: stat"):
        find(Where(str(tmp_path / "nothing")))
