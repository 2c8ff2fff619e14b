"""The control plane itself: what every other test in this folder relies on."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.server import ControlPlane
from tests.waiting import wait_until

READER = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "reader"},
    "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
}

STARTER = """\
from tests.controlplane.server import ControlPlane
with ControlPlane() as cluster:
    print(cluster.url.rpartition(":")[2], flush=True)
    input()
"""


def test_the_api_server_is_the_pinned_kubernetes(cluster: Cluster) -> None:
    version = json.loads(cluster.kubectl("version", "--output=json"))["serverVersion"]

    assert version["gitVersion"].startswith("v1.")
    assert (version["major"], int(version["minor"].rstrip("+")) >= 30) == ("1", True)


def test_a_service_accounts_token_may_do_what_its_role_allows_and_nothing_else(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    cluster.kubectl("create", "serviceaccount", "reader", "-n", namespace)
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(READER))
    cluster.kubectl(
        "create", "rolebinding", "reader", "-n", namespace, "--role=reader", f"--serviceaccount={namespace}:reader"
    )
    config = cluster.write_kubeconfig(tmp_path / "kubeconfig", cluster.token(namespace, "reader"), namespace)

    reader = Cluster(config)

    assert reader.get("configmaps")["items"] is not None
    with pytest.raises(CommandFailed, match=r"cannot create resource \"configmaps\""):
        reader.kubectl("create", "configmap", "one")
    with pytest.raises(CommandFailed, match=r"cannot list resource \"secrets\""):
        reader.kubectl("get", "secrets")


def test_a_refused_command_says_what_was_tried_and_why_it_failed(cluster: Cluster) -> None:
    with pytest.raises(CommandFailed, match=r"kubectl get nothing: .*doesn't have a resource type"):
        cluster.kubectl("get", "nothing")


def test_a_namespace_is_deleted_with_what_is_in_it(cluster: Cluster) -> None:
    name = cluster.create_namespace()
    cluster.kubectl("create", "configmap", "one", "-n", name)

    cluster.delete_namespace(name)

    assert cluster.kubectl("get", "namespace", name, "--ignore-not-found") == ""
    assert cluster.kubectl("get", "configmaps", "-n", name, "-o", "name") == ""


def test_a_namespace_is_deleted_though_a_finalizer_holds_what_is_in_it(control_plane: ControlPlane) -> None:
    name = control_plane.create_namespace()
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    control_plane.kubectl("create", "-n", name, "-f", "-", input=json.dumps(held))

    control_plane.delete_namespace(name)

    assert control_plane.kubectl("get", "configmaps", "-n", name, "-o", "name") == ""


def test_helm_talks_to_the_cluster(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    chart = tmp_path / "one"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: one\nversion: 1.0.0\nkubeVersion: '>=1.30.0-0'\n")
    (chart / "templates" / "one.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n")

    cluster.helm("install", "one", str(chart), "-n", namespace)

    assert [release["name"] for release in json.loads(cluster.helm("list", "-n", namespace, "-o", "json"))] == ["one"]
    assert cluster.get("configmap", "one", "-n", namespace)["kind"] == "ConfigMap"


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_the_api_server_comes_back_with_everything_it_had(control_plane: ControlPlane, kill: bool) -> None:
    name = control_plane.create_namespace()
    before = (control_plane.url, control_plane.ca)

    control_plane.stop_api(kill=kill)

    with pytest.raises(CommandFailed, match="refused"):
        control_plane.kubectl("get", "namespaces")
    control_plane.start_api()
    assert (control_plane.url, control_plane.ca) == before
    assert control_plane.get("namespace", name)["status"]["phase"] == "Active"
    control_plane.delete_namespace(name)


def test_the_audit_log_tells_who_wrote_what(control_plane: ControlPlane) -> None:
    name = control_plane.create_namespace()

    control_plane.delete_namespace(name)

    mine = [entry for entry in control_plane.audited("namespaces") if entry["objectRef"].get("name") == name]
    assert {"create", "delete"} <= {entry["verb"] for entry in mine}
    assert {entry["user"]["username"] for entry in mine} == {"admin"}


def test_the_servers_die_with_whoever_started_them(tmp_path: Path) -> None:
    starter = tmp_path / "starter.py"
    starter.write_text(STARTER)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, starter], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    port = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    wait_until(lambda: not _answers(port))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
