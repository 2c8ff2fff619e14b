"""The CRD on a real API server: what it accepts, what it refuses and in which words, what people see of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.cluster import Cluster, CommandFailed
from tests.waiting import wait_until

CRDS = Path(__file__).parents[2] / "crds"

GOOD: dict[str, Any] = {
    "product": "web",
    "environment": "production",
    "status": "started",
    "version": "1.4.0",
    "commit": "abc1234",
    "startedAt": "2026-03-02T12:00:00+01:00",
}


@pytest.fixture(scope="module")
def dep(cluster: Cluster) -> Cluster:
    """The cluster, once kubectl knows what a DeploymentEvent is."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/deploymentevents.deploytrail.dev")
    wait_until(lambda: cluster.kubectl("explain", "dep.spec"))
    return cluster


@pytest.fixture(scope="module")
def shared(dep: Cluster) -> Iterator[str]:
    name = dep.create_namespace("crds")
    yield name
    dep.delete_namespace(name)


@pytest.fixture
def namespace(dep: Cluster, shared: str) -> Iterator[str]:
    """One namespace for all tests here, emptied after each: making one costs more than most tests."""
    yield shared
    dep.kubectl("delete", "dep", "--all", "-n", shared)


def event(name: str = "web-1", *without: str, deployment: str | None = None, **spec: Any) -> str:
    fields = {key: value for key, value in (GOOD | spec).items() if key not in without}
    if deployment is not None:
        fields["deploymentId"] = deployment
    manifest = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "metadata": {"name": name}}
    return json.dumps(manifest | {"spec": fields})


def apply(cluster: Cluster, namespace: str, manifest: str) -> str:
    return cluster.kubectl("apply", "-n", namespace, "-f", "-", input=manifest)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(event(), id="what a person writes"),
        pytest.param(event("least", "version", "commit", "startedAt"), id="only what must be there"),
        pytest.param(event(finishedAt="2026-03-02T11:00:00Z"), id="ended when it began, in another zone"),
        pytest.param(event(metadata={"a": {"b": [1, None, "x"]}}), id="free metadata"),
        pytest.param(event(deployment="web-1", source="hivel", commit="r1234"), id="a record of ours"),
        pytest.param(event(commit="A" * 64), id="a long hash in capitals"),
    ],
)
def test_a_good_event_is_accepted(dep: Cluster, namespace: str, manifest: str) -> None:
    answer = apply(dep, namespace, manifest)

    assert answer.endswith("created\n")


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        (event(status="success"), 'spec.status: Unsupported value: "success": supported values: "pending", "started"'),
        (event("a", "status"), "spec.status: Required value"),
        (event("a", "product"), "spec.product: Required value"),
        (event("a", "environment"), "spec.environment: Required value"),
        (event(product=" \t"), "spec.product: Invalid value: "),
        (event(product=""), "product must not be blank"),
        (event(environment=" "), "environment must not be blank"),
        (event(version=""), "version must not be blank"),
        (event(version=1.4), "spec.version in body must be of type string"),
        (event(product="x" * 513), "spec.product: Too long: may not be more than 512 bytes"),
        (event(startedAt="yesterday"), "spec.startedAt in body must be of type date-time"),
        (event(startedAt="2026-03-02T12:00:00"), "spec.startedAt in body must be of type date-time"),
        (event(finishedAt="2026-03-02T10:59:59Z"), "spec.finishedAt: Invalid value: finishedAt is before startedAt"),
        (event(settledAt="2026-03-02T10:59:59Z"), "spec.settledAt: Invalid value: settledAt is before startedAt"),
        (event(commit="main"), "commit must be a commit hash of 4 to 64 hexadecimal digits"),
        (event(commit="abc"), "commit must be a commit hash of 4 to 64 hexadecimal digits"),
        (event(source="argocd"), "source is set by Deploytrail on records of its own: leave it out"),
        (event(deployment="web-2"), "deploymentId is set by Deploytrail on records of its own"),
        (
            event(reports=[{"source": "hivel", "status": "started", "at": "2026-03-02T12:00:00Z",
                            "receivedAt": "2026-03-02T12:00:00Z"}]),
            "reports is set by Deploytrail on records of its own: leave it out",
        ),
        (
            event(marks=[{"at": "2026-03-02T12:00:00Z", "by": "ann", "failure": False}]),
            "marks is set by Deploytrail on records of its own: leave it out",
        ),
        (event(trigger="magic"), 'spec.trigger: Unsupported value: "magic": supported values: "manual"'),
        (event(deployedby="ann"), 'unknown field "spec.deployedby"'),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_in_words(dep: Cluster, namespace: str, manifest: str, sentence: str) -> None:
    with pytest.raises(CommandFailed) as refusal:
        apply(dep, namespace, manifest)

    assert sentence in str(refusal.value)
    assert dep.get("dep", "-n", namespace)["items"] == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (event(), event(product="api"), "product cannot be changed: what differs in it is another deployment"),
        (event(), event(environment="staging"), "environment cannot be changed"),
        (event(), event(version="1.4.1"), "spec.version: Invalid value: version cannot be changed once it is set"),
        (event(), event("web-1", "version"), "version cannot be changed once it is set"),
        (event(), event(status="pending"), "status only moves forward: started cannot become pending"),
        (event(status="completed"), event(), "status only moves forward: completed cannot become started"),
        (event(status="unknown"), event(status="pending"), "unknown cannot become pending"),
        (event(deployment="web-1"), event(), "deploymentId cannot be changed once it is set"),
        (
            event(deployment="web-1"),
            event(deployment="web-1", product="api"),
            "product cannot be changed: what differs in it is another deployment",
        ),
        (
            event(deployment="web-1", derivation=2),
            event(deployment="web-1", derivation=2, product="api"),
            "product cannot be changed: what differs in it is another deployment",
        ),
        (
            event(deployment="web-1", derivation=2),
            event(deployment="web-1", derivation=1, product="api"),
            "derivation counts up",
        ),
        (event(), event(derivation=1, product="api"), "derivation is set by Deploytrail on records of its own"),
    ],
)
def test_a_bad_change_is_refused_in_words(dep: Cluster, namespace: str, before: str, after: str, sentence: str) -> None:
    apply(dep, namespace, before)
    kept = dep.get("dep/web-1", "-n", namespace)["spec"]

    with pytest.raises(CommandFailed) as refusal:
        apply(dep, namespace, after)

    assert sentence in str(refusal.value)
    assert dep.get("dep/web-1", "-n", namespace)["spec"] == kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (event(status="pending"), event(status="started")),
        (event(status="pending"), event(status="failed")),
        (event(), event(status="completed", finishedAt="2026-03-02T12:10:00Z")),
        (event(status="completed"), event(status="failed")),
        (event("web-1", "version"), event()),
        (
            event(deployment="web-1", status="completed"),
            event(deployment="web-1", derivation=1, product="api", environment="staging", status="pending"),
        ),
        (
            event(deployment="web-1", derivation=1),
            event(deployment="web-1", derivation=2, product="api", version="2"),
        ),
    ],
)
def test_a_status_moves_on_and_a_version_may_come_later(dep: Cluster, namespace: str, before: str, after: str) -> None:
    apply(dep, namespace, before)

    answer = apply(dep, namespace, after)

    assert answer.endswith("configured\n")


def test_status_is_a_subresource_that_keeps_what_the_operator_writes(dep: Cluster, namespace: str) -> None:
    apply(dep, namespace, event())
    status = {
        "phase": "Succeeded",
        "duration": "1m30s",
        "kopf": {"progress": {"x": {"retries": 1}}},
        "conditions": [
            {"type": "Recorded", "status": "True", "reason": "Recorded", "message": "Recorded.",
             "lastTransitionTime": "2026-03-02T12:00:00Z"},
        ],
    }  # fmt: skip

    dep.kubectl("patch", "dep/web-1", "-n", namespace, "--type=merge", "--subresource=status",
                "-p", json.dumps({"status": status, "spec": {"product": "other"}}))  # fmt: skip

    kept = dep.get("dep/web-1", "-n", namespace)
    assert kept["status"] == status
    assert kept["spec"]["product"] == "web"
    assert kept["metadata"]["generation"] == 1


def test_the_columns_read_like_a_deployment_log(dep: Cluster, namespace: str) -> None:
    apply(dep, namespace, event())

    narrow = dep.kubectl("get", "dep", "-n", namespace).splitlines()
    wide = dep.kubectl("get", "dep", "-n", namespace, "-o", "wide").splitlines()

    assert narrow[0].split() == ["NAME", "PRODUCT", "VERSION", "ENVIRONMENT", "STATUS", "AGE"]
    assert narrow[1].split()[:5] == ["web-1", "web", "1.4.0", "production", "started"]
    assert wide[0].split()[5:] == ["DURATION", "COMMIT", "SOURCE", "RECORDED", "AGE"]
    assert "abc1234" in wide[1]
    assert "kubectl" in wide[1]


def test_events_are_selected_by_product_and_environment_and_found_by_category(dep: Cluster, namespace: str) -> None:
    apply(dep, namespace, event())
    apply(dep, namespace, event("api-1", product="api", environment="staging"))

    by_product = dep.kubectl("get", "dep", "-n", namespace, "--field-selector=spec.product=api", "-o", "name")
    by_environment = dep.kubectl(
        "get", "dep", "-n", namespace, "--field-selector=spec.environment=production", "-o", "name"
    )
    by_category = dep.kubectl("get", "deploytrail", "-n", namespace, "-o", "name")

    assert by_product == "deploymentevent.deploytrail.dev/api-1\n"
    assert by_environment == "deploymentevent.deploytrail.dev/web-1\n"
    assert len(by_category.splitlines()) == 2


def test_explain_teaches_what_to_write(dep: Cluster) -> None:
    explained = dep.kubectl("explain", "dep.spec")
    status = dep.kubectl("explain", "dep.spec.status")

    for field in ("product", "environment", "status"):
        assert f"{field}\t<string> -required-" in explained
    assert "<no description>" not in dep.kubectl("explain", "dep", "--recursive=false") + explained
    assert "moves forward only: pending, started" in status
    for word in ("pending", "started", "completed", "failed", "aborted", "unknown"):
        assert f"    {word}\n" in status


def test_the_api_server_finds_nothing_wrong_with_the_schema(dep: Cluster) -> None:
    definition = dep.get("crd/deploymentevents.deploytrail.dev")

    conditions = {condition["type"]: condition["status"] for condition in definition["status"]["conditions"]}
    assert conditions["Established"] == conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_nothing_of_the_schema_is_lost_on_the_way(dep: Cluster) -> None:
    stored = dep.get("crd/deploymentevents.deploytrail.dev")["spec"]["versions"]

    (written,) = yaml.safe_load_all((CRDS / "deploymentevents.yaml").read_text())
    assert stored[0]["schema"] == written["spec"]["versions"][0]["schema"]
    assert stored[0]["selectableFields"] == written["spec"]["versions"][0]["selectableFields"]
