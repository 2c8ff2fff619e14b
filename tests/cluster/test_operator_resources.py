"""What people apply with kubectl: it gets its status, it is judged, and nothing else of it is touched."""

import json
from typing import Any

import pytest

from tests.cluster.trail import Trail
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane
from tests.operator_process import DEPLOYMENTS, Operator
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def operator(trail: Trail) -> Operator:
    apply(trail, "early", status="completed")
    return trail.run()


def apply(trail: Trail, name: str, metadata: dict[str, Any] | None = None, **spec: Any) -> None:
    """As a person would, in a namespace that is not the operator's."""
    manifest = {
        "apiVersion": "deploytrail.dev/v1alpha1",
        "kind": "DeploymentEvent",
        "metadata": {"name": name} | (metadata or {}),
        "spec": {"product": name, "environment": "staging", "version": "2.0.0"} | spec,
    }
    trail.cluster.kubectl("apply", "-n", trail.argocd, "-f", "-", input=json.dumps(manifest))


def judged(trail: Trail, name: str, recorded: str = "True") -> dict[str, Any]:
    """The object, once its condition Recorded is such for what was applied last."""

    def condition_holds() -> dict[str, Any]:
        found = trail.cluster.get("dep", name, "-n", trail.argocd)
        assert condition(found, "Recorded")["status"] == recorded
        assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
        return found

    return dict(wait_until(condition_holds))


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = (each for each in obj["status"]["conditions"] if each["type"] == kind)
    return dict(found)


def test_an_applied_deployment_gets_its_status_and_is_shown(trail: Trail, operator: Operator) -> None:
    apply(
        trail,
        "website",
        status="completed",
        startedAt="2026-11-21T07:00:00Z",
        finishedAt="2026-11-21T08:01:30+01:00",
        deployedBy="alice",
    )

    status = judged(trail, "website")["status"]

    item = wait_until(lambda: operator.get(f"{DEPLOYMENTS}/{status['deploymentId']}").raise_for_status()).json()
    assert (status["phase"], status["status"], status["eventType"]) == (
        "Succeeded",
        "completed",
        "deployment.completed",
    )
    assert (status["startedAt"], status["finishedAt"]) == ("2026-11-21T07:00:00Z", "2026-11-21T07:01:30Z")
    assert status["duration"] == "1m30s"
    assert status["history"] == [{"status": "completed", "at": "2026-11-21T07:01:30Z"}]
    assert condition({"status": status}, "Recorded")["message"] == f"Recorded as {status['deploymentId']}."
    assert condition({"status": status}, "Settled")["status"] == "True"
    assert (item["product"], item["status"], item["source"], item["trigger"], item["deployed_by"]) == (
        "website",
        "completed",
        "kubectl",
        "kubectl",
        "alice",
    )
    assert (item["resource"]["namespace"], item["resource"]["name"]) == (trail.argocd, "website")


def test_kubectl_can_wait_for_it(trail: Trail, operator: Operator) -> None:
    apply(trail, "waited-for", status="completed")

    said = trail.cluster.kubectl(
        "wait", "--for=condition=Settled", "dep/waited-for", "-n", trail.argocd, "--timeout=30s"
    )

    assert "condition met" in said


def test_what_was_applied_before_the_operator_started_gets_its_status(trail: Trail, operator: Operator) -> None:
    assert judged(trail, "early")["status"]["eventType"] == "deployment.completed"


def test_a_deployment_moves_on_and_its_history_shows_both_states(trail: Trail, operator: Operator) -> None:
    apply(trail, "moving", status="started", startedAt="2026-11-21T07:00:00Z")
    before = judged(trail, "moving")["status"]

    apply(trail, "moving", status="failed", startedAt="2026-11-21T07:00:00Z", finishedAt="2026-11-21T07:00:48Z")

    after = judged(trail, "moving")["status"]
    wait_until(lambda: len(operator.deployments(product="moving", status="failed")) == 1)
    (item,) = operator.deployments(product="moving")
    states = [{"status": "started", "at": "2026-11-21T07:00:00Z"}, {"status": "failed", "at": "2026-11-21T07:00:48Z"}]
    assert (before["phase"], before["history"]) == ("Progressing", states[:1])
    assert (after["phase"], after["history"], after["duration"]) == ("Failed", states, "48s")
    assert condition({"status": before}, "Settled")["status"] == "False"
    assert condition({"status": after}, "Settled")["status"] == "True"
    assert after["deploymentId"] == before["deploymentId"]
    assert (item["status"], item["history"]) == ("failed", states)


def test_one_that_cannot_be_recorded_says_why_and_is_not_shown_until_it_is_mended(
    trail: Trail, operator: Operator
) -> None:
    apply(trail, "futurist", status="started", startedAt="2099-01-01T00:00:00Z")
    refused = judged(trail, "futurist", recorded="False")
    shown_before = operator.deployments(product="futurist")

    apply(trail, "futurist", status="started", startedAt="2026-11-21T07:00:00Z")

    mended = judged(trail, "futurist")
    message = condition(refused, "Recorded")["message"]
    assert refused["status"]["phase"] == "Rejected"
    assert message.startswith("started_at 2099-01-01T00:00:00Z lies in the future")
    assert shown_before == []
    assert mended["status"]["phase"] == "Progressing"
    wait_until(lambda: [item["status"] for item in operator.deployments(product="futurist")] == ["started"])


def test_only_its_status_is_ever_written(trail: Trail, operator: Operator, control_plane: ControlPlane) -> None:
    others = {"annotations": {"example.com/owner": "alice"}, "finalizers": ["example.com/keep"], "labels": {"a": "b"}}
    apply(trail, "owned", others, status="started")
    judged(trail, "owned")
    apply(trail, "owned", others, status="completed")

    metadata = judged(trail, "owned")["metadata"]

    last_applied = "kubectl.kubernetes.io/last-applied-configuration"
    annotations = {name: value for name, value in metadata["annotations"].items() if name != last_applied}
    assert {"annotations": annotations} | {name: metadata[name] for name in ("finalizers", "labels")} == others
    written = [
        (entry["verb"], entry["objectRef"].get("subresource"))
        for entry in control_plane.audited("deploymentevents")
        if entry["user"]["username"] == trail.user and entry["objectRef"]["namespace"] == trail.argocd
    ]
    assert set(written) == {("patch", "status")}


def test_one_that_is_deleted_is_shown_no_more(trail: Trail, operator: Operator, crds: Cluster) -> None:
    apply(trail, "short-lived", status="completed")
    judged(trail, "short-lived")
    wait_until(lambda: len(operator.deployments(product="short-lived")) == 1)

    crds.kubectl("delete", "dep", "short-lived", "-n", trail.argocd)

    wait_until(lambda: operator.deployments(product="short-lived") == [])
