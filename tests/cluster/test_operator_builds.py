"""Builds that people apply with kubectl: recorded like deployments, and held to the one commit of their version."""

import json
from typing import Any

import pytest

from tests.cluster.trail import Trail
from tests.operator_process import Operator
from tests.waiting import wait_until

FULL = "abc1234def4567890abc1234def4567890abc123"


@pytest.fixture(scope="module")
def operator(trail: Trail) -> Operator:
    return trail.run()


def apply(trail: Trail, kind: str, name: str, **spec: Any) -> None:
    """As a person would, in a namespace that is not the operator's."""
    header = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
    trail.cluster.kubectl("apply", "-n", trail.argocd, "-f", "-", input=json.dumps(header | {"spec": spec}))


def judged(trail: Trail, what: str, recorded: str = "True") -> dict[str, Any]:
    """Its status, once its condition Recorded is such for what was applied last."""

    def condition_holds() -> dict[str, Any]:
        found = trail.cluster.get(what, "-n", trail.argocd)
        assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
        assert found["status"]["conditions"][0]["status"] == recorded
        return dict(found["status"])

    status: dict[str, Any] = wait_until(condition_holds)
    return status


def version(trail: Trail, product: str) -> dict[str, Any]:
    selector = f"--field-selector=spec.product={product}"
    (found,) = trail.cluster.get("ver", "-n", trail.namespace, selector)["items"]
    return dict(found["spec"])


def test_an_applied_build_moves_on_and_gets_its_status(trail: Trail, operator: Operator) -> None:
    apply(trail, "BuildEvent", "web", product="web", version="1.0", status="started", startedAt="2026-03-02T12:00:00Z")
    before = judged(trail, "bld/web")

    apply(trail, "BuildEvent", "web", product="web", version="1.0", status="completed", commit="ABC1234",
          startedAt="2026-03-02T12:00:00Z", finishedAt="2026-03-02T12:01:30Z")  # fmt: skip

    after = judged(trail, "bld/web")
    assert (before["phase"], before["eventType"]) == ("Progressing", "build.started")
    assert (after["phase"], after["eventType"], after["duration"]) == ("Succeeded", "build.completed", "1m30s")
    assert [state["status"] for state in after["history"]] == ["started", "completed"]
    assert after["conditions"][0]["message"] == f"Recorded as {after['buildId']}."
    assert version(trail, "web")["commit"] == "abc1234"


def test_a_build_of_another_commit_says_why_it_is_not_recorded(trail: Trail, operator: Operator) -> None:
    apply(trail, "BuildEvent", "first", product="shop", version="1.0", status="completed", commit="abc1234")
    judged(trail, "bld/first")

    apply(trail, "BuildEvent", "second", product="shop", version="1.0", status="completed", commit="def4567")
    apply(trail, "DeploymentEvent", "third", product="shop", version="1.0", status="completed", commit="def4567",
          environment="production")  # fmt: skip

    for what in ("bld/second", "dep/third"):
        refused = judged(trail, what, recorded="False")
        assert refused["phase"] == "Rejected"
        assert refused["conditions"][0]["message"] == "Version 1.0 already exists with different SHA."
    assert operator.deployments(product="shop") == []
    assert version(trail, "shop")["name"] == "first"


def test_a_build_that_is_mended_is_recorded(trail: Trail, operator: Operator) -> None:
    apply(trail, "BuildEvent", "good", product="cart", version="1.0", status="completed", commit="abc1234")
    judged(trail, "bld/good")
    apply(trail, "BuildEvent", "bad", product="cart", version="1.0", status="completed", commit="def4567")
    judged(trail, "bld/bad", recorded="False")

    trail.cluster.kubectl("delete", "bld/bad", "-n", trail.argocd)
    apply(trail, "BuildEvent", "bad", product="cart", version="1.0", status="completed", commit=FULL)

    judged(trail, "bld/bad")
    assert version(trail, "cart")["commit"] == FULL
    assert version(trail, "cart")["name"] == "good"


def test_of_ten_builds_applied_at_once_exactly_one_binds_the_version(trail: Trail, operator: Operator) -> None:
    other = trail.run()
    spec = {"product": "race", "version": "1.0", "status": "completed"}
    header = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "BuildEvent"}
    rivals = [header | {"metadata": {"name": f"rival-{n}"}, "spec": spec | {"commit": f"{n}abcdef"}} for n in range(10)]

    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": rivals})
    trail.cluster.kubectl("apply", "-n", trail.argocd, "-f", "-", input=listed)

    def all_judged() -> list[str]:
        found = trail.cluster.get("bld", "-n", trail.argocd, "--field-selector=spec.product=race")["items"]
        return [each["metadata"]["name"] for each in found if each["status"]["conditions"][0]["status"] == "True"]

    (winner,) = wait_until(all_judged)
    assert version(trail, "race")["name"] == winner
    other.stop()
