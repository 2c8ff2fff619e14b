"""The chart, installed with Helm: what it makes, what stays when it goes, and that its notes can be followed.

No pods run here: what a node would do with them is not shown by these tests.
"""

import itertools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploytrail import __version__
from tests.cluster.charted import CHART, CRD, ROOT, Install, container, deployment, pod, running, upgrade
from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.server import ControlPlane
from tests.waiting import wait_until


def test_it_installs_as_it_is(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    assert deployment(fresh, namespace)["spec"]["replicas"] == 1
    assert container(fresh, namespace)["image"] == f"deploytrail/deploytrail:{__version__}"
    assert fresh.get("service/trail-deploytrail", "-n", namespace)["spec"]["ports"][0]["port"] == 80
    assert fresh.get("pdb,networkpolicy", "-n", namespace)["items"] == []
    assert fresh.get(CRD)["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_chart_is_made_for_this_version() -> None:
    chart = yaml.safe_load((Path(CHART) / "Chart.yaml").read_text())

    assert chart["appVersion"] == __version__


def test_its_pods_meet_the_restricted_standard(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    fresh.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    spec = pod(fresh, namespace)
    loose = {key: value for key, value in spec.items() if key != "securityContext"}

    answer = create_pod(fresh, namespace, spec)

    assert "created" in answer
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        create_pod(fresh, namespace, loose)


def create_pod(cluster: Cluster, namespace: str, spec: dict[str, Any]) -> str:
    """Ask the API server whether it would take such a pod."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}
    return cluster.kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", input=json.dumps(body))


def test_its_container_cannot_write_and_is_probed(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    only = container(fresh, namespace)
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod(fresh, namespace)["securityContext"]["runAsUser"] == 65532
    assert pod(fresh, namespace)["terminationGracePeriodSeconds"] == 30
    assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert only["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_uninstalling_keeps_the_kind_and_every_record(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    event = {
        "apiVersion": "deploytrail.dev/v1alpha1",
        "kind": "DeploymentEvent",
        "metadata": {"name": "web-1"},
        "spec": {"product": "web", "environment": "production", "status": "completed"},
    }
    fresh.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(event))

    fresh.helm("uninstall", "trail", "-n", namespace)

    assert fresh.get("deploymentevents.deploytrail.dev/web-1", "-n", namespace)["spec"]["product"] == "web"
    assert fresh.get("deployment,service,serviceaccount,role", "-n", namespace)["items"] == []
    upgrade(fresh, namespace)
    assert fresh.get("deploymentevents.deploytrail.dev/web-1", "-n", namespace)["spec"]["product"] == "web"


def test_uninstalling_removes_the_kind_when_told_so(fresh: ControlPlane, install: Install) -> None:
    namespace = install("crds.keep=false")

    fresh.helm("uninstall", "trail", "-n", namespace)
    fresh.await_crds_gone("deploymentevents.deploytrail.dev")

    with pytest.raises(CommandFailed, match="NotFound"):
        fresh.get(CRD)


def test_an_api_server_before_1_30_is_not_told_of_selectable_fields(fresh: ControlPlane) -> None:
    old = fresh.helm("template", "trail", CHART, "--kube-version=1.29.9")
    new = fresh.helm("template", "trail", CHART, "--kube-version=1.30.0")

    assert "selectableFields" not in old
    assert "selectableFields" in new
    with pytest.raises(CommandFailed, match="kubeVersion"):
        fresh.helm("template", "trail", CHART, "--kube-version=1.28.0")


def test_the_manifests_install_the_same_without_helm(fresh: ControlPlane) -> None:
    manifest = str(ROOT / "manifests/install.yaml")
    try:
        applied = fresh.kubectl("apply", "-f", manifest)

        assert "namespace/deploytrail created" in applied
        assert "deployment.apps/deploytrail created" in applied
        assert "unchanged" in fresh.kubectl("apply", "-f", manifest)
    finally:
        fresh.kubectl("delete", "--wait=false", "-f", manifest)
        fresh.await_crds_gone("--selector=app.kubernetes.io/instance=deploytrail")


def test_the_notes_can_be_followed(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()
    notes = fresh.helm("get", "notes", "trail", "-n", namespace)

    key = run(fresh, commands(notes, 1)).splitlines()[-1]
    with running(fresh, namespace, tmp_path) as url:
        wait_until(lambda: post(url, key, commands(notes, 2)).raise_for_status())
    shown = run(fresh, commands(notes, 3))

    assert fresh.get("secret/deploytrail-key-ci", "-n", namespace)["metadata"]["labels"] == {
        "deploytrail.dev/key": "true"
    }
    assert re.search(rf"{namespace} +try-1-\S+ +shop/web +staging +completed", shown)


def commands(notes: str, step: int) -> str:
    """The indented lines that follow the heading with this number."""
    _, _, rest = notes.partition(f"\n{step}. ")
    assert rest, notes
    return "\n".join(itertools.takewhile(lambda line: not line[:1].strip(), rest.splitlines()[1:]))


def post(url: str, key: str, script: str) -> httpx.Response:
    """What curl would send; where to is the operator, because no port can be forwarded to a pod."""
    body, address = re.findall(r"-d '(.+?)'.+?http://[^/]+(/\S+)", script, re.DOTALL)[0]
    headers = {"X-API-Token": key, "Content-Type": "application/json"}
    assert all(name in script for name in headers)
    return httpx.post(url + address, content=body, headers=headers)


def run(cluster: Cluster, script: str) -> str:
    """What a shell prints that has kubectl and the administrator's kubeconfig."""
    path = f"{program('kubectl').parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True, env=environment).stdout
