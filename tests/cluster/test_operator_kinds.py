"""Kinds that are not there, or not to be seen, and are later: watched without a restart of the process."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.argocd.applications import CRD
from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.cluster.trail import Trail
from tests.controlplane.cluster import Cluster
from tests.http.endpoint import event
from tests.operator_process import Operator
from tests.waiting import wait_until

APPLICATIONS = "crd/applications.argoproj.io"
EVENTS = "crd/deploymentevents.deploytrail.dev"


@pytest.fixture
def without_applications(cluster: Cluster, argocd: None) -> Iterator[Callable[[], None]]:
    """Nobody knows Applications until the function is called."""

    def install() -> None:
        cluster.kubectl("apply", "-f", str(CRD))
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", APPLICATIONS)
        wait_until(lambda: cluster.kubectl("get", "applications", "-A"))

    cluster.delete_crds("applications.argoproj.io")
    yield install
    install()


def completed(operator: Operator, product: str) -> dict[str, Any]:
    (record,) = operator.deployments(product=product)
    assert record["status"] == "completed"
    return record


def test_applications_that_are_known_only_later_are_watched_then(
    trail: Trail, without_applications: Callable[[], None]
) -> None:
    operator = trail.run()
    before = operator.process.pid
    posted = operator.post(event())

    without_applications()
    Steps(trail.applications, Setup(name="late", namespace=trail.argocd)).deploy(2)

    wait_until(lambda: completed(operator, "late"))
    assert posted.status_code == 200
    assert operator.process.pid == before
    operator.stop()


def test_applications_that_may_be_seen_only_later_are_watched_then(trail: Trail, cluster: Cluster) -> None:
    role = cluster.get("clusterrole", trail.namespace)
    permitted = role["rules"]
    forbidden = [rule for rule in permitted if rule["apiGroups"] != ["argoproj.io"]]
    cluster.kubectl("patch", "clusterrole", trail.namespace, "--type=merge", "-p", json.dumps({"rules": forbidden}))
    operator = trail.run()
    before = operator.process.pid
    wait_until(lambda: any("forbidden" in line["event"] + line.get("reason", "") for line in operator.log()))
    meanwhile = Steps(trail.applications, Setup(name="hidden", namespace=trail.argocd))
    meanwhile.deploy(2)
    posted = operator.post(event())

    cluster.kubectl("patch", "clusterrole", trail.namespace, "--type=merge", "-p", json.dumps({"rules": permitted}))

    wait_until(lambda: completed(operator, "hidden"))
    meanwhile.deploy(3)
    wait_until(lambda: len(operator.deployments(product="hidden", status="completed")) == 2)
    assert posted.status_code == 200
    assert operator.process.pid == before
    operator.stop()


def test_deploymentevents_that_vanish_are_written_and_watched_again_once_they_are_back(
    trail: Trail, crds: Cluster
) -> None:
    definition = crds.get(EVENTS)
    operator = trail.run()
    before = operator.process.pid
    lost = event(repo_url="https://github.com/acme/lost")
    operator.post(lost).raise_for_status()

    crds.delete_crds("deploymentevents.deploytrail.dev")
    try:
        refused = wait_until(lambda: unavailable(operator))
        healthy = operator.get("/healthz")
    finally:
        restore(crds, definition)

    told = event(repo_url="https://github.com/acme/back")
    wait_until(lambda: operator.post(told).raise_for_status())
    crds.kubectl("apply", "-n", trail.argocd, "-f", "-", input=json.dumps(APPLIED))
    wait_until(lambda: completed(operator, "acme/back"))
    wait_until(lambda: completed(operator, "by-hand"))
    crds.kubectl("delete", "dep", "by-hand", "-n", trail.argocd)
    assert operator.deployments(product="acme/lost") == []
    assert healthy.status_code == 200
    assert refused["message"] == "Service unavailable"
    assert operator.process.pid == before


APPLIED = {
    "apiVersion": "deploytrail.dev/v1alpha1",
    "kind": "DeploymentEvent",
    "metadata": {"name": "by-hand"},
    "spec": {"product": "by-hand", "environment": "production", "status": "completed"},
}


def unavailable(operator: Operator) -> dict[str, Any]:
    answer = operator.post(event())
    assert answer.status_code == 503, answer.text
    return dict(answer.json())


def restore(cluster: Cluster, definition: dict[str, Any]) -> None:
    kept = {
        name: definition["metadata"][name]
        for name in ("name", "labels", "annotations")
        if name in definition["metadata"]
    }
    manifest = {name: definition[name] for name in ("apiVersion", "kind", "spec")} | {"metadata": kept}
    cluster.kubectl("create", "-f", "-", input=json.dumps(manifest))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", EVENTS)
    wait_until(lambda: cluster.kubectl("get", "dep", "-A"))
