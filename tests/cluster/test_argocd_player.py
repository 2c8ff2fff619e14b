"""The player against a real API server: what a watch sees is what Argo CD would have made it see."""

import json
import math
from pathlib import Path

import pytest

from tests.argocd.applications import CRD, Application, ClusterApplications, Missing
from tests.argocd.controller import Player
from tests.argocd.fake import FakeApplications
from tests.argocd.pace import Pace
from tests.argocd.player import main
from tests.argocd.scenarios import SCENARIOS
from tests.argocd.shapes import Setup, commit
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane
from tests.waiting import wait_until

AT_ONCE = Pace(speed=math.inf)


def watched(cluster: Cluster, namespace: str) -> list[tuple[str, Application]]:
    """Every event on the namespace's Applications so far, as a watch delivers it."""
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications"
    since = cluster.get("namespace", namespace)["metadata"]["resourceVersion"]
    lines = cluster.kubectl("get", "--raw", f"{path}?watch=1&resourceVersion={since}&timeoutSeconds=1")
    return [(event["type"], event["object"]) for event in map(json.loads, lines.splitlines())]


def test_a_sync_is_a_put_and_then_patches_that_bump_the_generation(
    cluster: Cluster, namespace: str, applications: ClusterApplications
) -> None:
    player = Player(applications, Setup(namespace=namespace), AT_ONCE)
    player.create(commit("1"))

    player.sync(commit("2"))

    events = watched(cluster, namespace)
    objects = [application for _, application in events]
    assert [kind for kind, _ in events] == ["ADDED"] + ["MODIFIED"] * (len(events) - 1)
    assert "operationState" in objects[0]["status"]
    assert "operationState" not in objects[1]["status"]
    phases = [each["status"].get("operationState", {}).get("phase") for each in objects]
    assert phases[-1] == "Succeeded"
    assert [("operation" in each, phase) for each, phase in zip(objects, phases, strict=True)].count(
        (True, "Succeeded")
    ) == 0
    generations = [each["metadata"]["generation"] for each in objects]
    assert generations == list(range(generations[0], generations[0] + len(objects)))


def test_argo_cds_columns_are_shown(cluster: Cluster, namespace: str, applications: ClusterApplications) -> None:
    Player(applications, Setup(namespace=namespace), AT_ONCE).create(commit("1"))

    shown = cluster.kubectl("get", "app", "-n", namespace)

    assert shown.split() == ["NAME", "SYNC", "STATUS", "HEALTH", "STATUS", "web", "Synced", "Healthy"]


def test_the_audit_log_tells_every_write_on_an_application(control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "-f", str(CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/applications.argoproj.io")
    namespace = control_plane.create_namespace()
    with ClusterApplications(control_plane.kubeconfig, namespace) as applications:
        player = Player(applications, Setup(namespace=namespace), AT_ONCE)
        player.create(commit("1"))

        player.refresh()

    def written() -> list[str]:
        mine = [each for each in control_plane.audited("applications") if each["objectRef"]["namespace"] == namespace]
        return [entry["verb"] for entry in mine]

    wait_until(lambda: len(written()) >= 3)
    assert written() == ["create", "patch", "patch"]
    control_plane.delete_namespace(namespace)


def test_an_application_with_finalizers_goes_through_its_deletion(
    cluster: Cluster, namespace: str, applications: ClusterApplications
) -> None:
    player = Player(applications, Setup(namespace=namespace), AT_ONCE)
    player.create(commit("1"), cascade=True)

    player.delete()

    kinds = [kind for kind, _ in watched(cluster, namespace)]
    assert kinds == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]
    with pytest.raises(Missing):
        applications.get("web")


def test_a_recorded_stream_is_seen_again_state_by_state(
    cluster: Cluster, namespace: str, applications: ClusterApplications, tmp_path: Path
) -> None:
    recorded = FakeApplications()
    SCENARIOS["self_heal_after_sync"](recorded, Setup(), AT_ONCE)
    stream = tmp_path / "recorded.watch.jsonl"
    stream.write_text("".join(json.dumps(event) + "\n" for event in recorded.events))

    main([f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}", f"--stream={stream}", "--speed=inf"])

    seen = [application for _, application in watched(cluster, namespace)]
    parts = ("spec", "status", "operation")
    assert [[each.get(part) for part in parts] for each in seen] == [
        [each.get(part) for part in parts] for each in recorded.objects
    ]


def test_a_scenario_is_played_from_the_command_line(cluster: Cluster, namespace: str, argocd: None) -> None:
    main(
        [
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespace={namespace}",
            "--scenario=healthy_rollout",
            "--name=shop",
            "--environment=staging",
            "--speed=inf",
        ]
    )

    application = cluster.get("application", "shop", "-n", namespace)
    assert application["spec"]["destination"]["namespace"] == "staging"
    assert application["status"]["health"]["status"] == "Healthy"
