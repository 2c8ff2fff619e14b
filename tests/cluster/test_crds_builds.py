"""BuildEvents, Annotations and Versions on a real API server: what is refused, in which words, what people see."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.cluster import Cluster, CommandFailed
from tests.waiting import wait_until

CRDS = Path(__file__).parents[2] / "crds"
KINDS = ("buildevents", "annotations", "versions")

BUILD: dict[str, Any] = {"product": "web", "version": "1.4.0", "status": "started", "commit": "abc1234"}
NOTE: dict[str, Any] = {"product": "web", "type": "comment", "content": "hello", "annotationId": "web-1"}
BOUND: dict[str, Any] = {
    "product": "web",
    "version": "1.4.0",
    "commit": "abc1234",
    "firstSeenAt": "2026-03-02T12:00:00Z",
    "source": "versioner",
    "record": "web-1",
    "kind": "BuildEvent",
    "namespace": "deploytrail",
    "name": "web-1",
}
REPORT = {
    "source": "hivel",
    "status": "started",
    "at": "2026-03-02T12:00:00Z",
    "receivedAt": "2026-03-02T12:00:00Z",
}


@pytest.fixture(scope="module")
def bld(cluster: Cluster) -> Cluster:
    """The cluster, once kubectl knows what a BuildEvent is."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    for kind in KINDS:
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{kind}.deploytrail.dev")
    wait_until(lambda: [cluster.kubectl("explain", f"{short}.spec") for short in ("bld", "note", "ver")])
    return cluster


@pytest.fixture(scope="module")
def shared(bld: Cluster) -> Iterator[str]:
    name = bld.create_namespace("crds-builds")
    yield name
    bld.delete_namespace(name)


@pytest.fixture
def namespace(bld: Cluster, shared: str) -> Iterator[str]:
    """One namespace for all tests here, emptied after each: making one costs more than most tests."""
    yield shared
    bld.kubectl("delete", "bld,note,ver", "--all", "-n", shared)


def manifest(kind: str, spec: dict[str, Any]) -> str:
    header = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": kind, "metadata": {"name": "web-1"}}
    return json.dumps(header | {"spec": {name: value for name, value in spec.items() if value is not ...}})


def build(**spec: Any) -> str:
    """What a person writes; a change to ``...`` leaves the field out."""
    return manifest("BuildEvent", BUILD | spec)


def note(**spec: Any) -> str:
    return manifest("Annotation", NOTE | spec)


def bound(**spec: Any) -> str:
    return manifest("Version", BOUND | spec)


def apply(cluster: Cluster, namespace: str, written: str) -> str:
    return cluster.kubectl("apply", "-n", namespace, "-f", "-", input=written)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(build(), id="what a person writes"),
        pytest.param(build(commit=...), id="only what must be there"),
        pytest.param(build(commit="A" * 64, builtBy="ann", metadata={"a": {"b": [1, None, "x"]}}), id="all there is"),
        pytest.param(build(buildId="web-1", source="hivel", commit="r1", reports=[REPORT]), id="a record of ours"),
        pytest.param(note(), id="an annotation"),
        pytest.param(note(content="x" * 65_536, environment="production"), id="a long annotation"),
        pytest.param(bound(), id="a version"),
    ],
)
def test_a_good_object_is_accepted(bld: Cluster, namespace: str, written: str) -> None:
    answer = apply(bld, namespace, written)

    assert answer.endswith("created\n")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (build(status="success"), 'spec.status: Unsupported value: "success": supported values: "pending", "started"'),
        (build(status="unknown"), 'spec.status: Unsupported value: "unknown"'),
        (build(version=...), "spec.version: Required value"),
        (build(product=...), "spec.product: Required value"),
        (build(status=...), "spec.status: Required value"),
        (build(product=" \t"), "product must not be blank"),
        (build(version=""), "version must not be blank"),
        (build(version=1.4), "spec.version in body must be of type string"),
        (build(commit="main"), "commit must be a commit hash of 4 to 64 hexadecimal digits"),
        (
            build(startedAt="2026-03-02T12:00:00Z", finishedAt="2026-03-02T11:59:59Z"),
            "spec.finishedAt: Invalid value: finishedAt is before startedAt",
        ),
        (build(source="argocd"), "source is set by Deploytrail on records of its own: leave it out"),
        (build(reports=[REPORT]), "reports is set by Deploytrail on records of its own: leave it out"),
        (build(attempt={"series": "a", "number": 1}), "attempt is set by Deploytrail on records of its own"),
        (build(versionConflict="abc123"), "versionConflict is set by Deploytrail on records of its own"),
        (build(buildId="web-2"), "buildId is set by Deploytrail on records of its own"),
        (build(environment="production"), 'unknown field "spec.environment"'),
        (note(type="code_deploy"), 'spec.type: Unsupported value: "code_deploy"'),
        (note(content="x" * 65_537), "spec.content: Too long"),
        (note(annotationId="other"), "annotationId is set by Deploytrail on records of its own"),
        (bound(commit="ABC1234"), "spec.commit: Invalid value"),
        (bound(commit="abc"), "spec.commit: Invalid value"),
    ],
)
def test_a_bad_object_is_refused_in_words(bld: Cluster, namespace: str, written: str, sentence: str) -> None:
    with pytest.raises(CommandFailed) as refusal:
        apply(bld, namespace, written)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (build(), build(product="api"), "product cannot be changed: what differs in it is another build"),
        (build(), build(version="1.4.1"), "version cannot be changed: what differs in it is another build"),
        (build(), build(status="pending"), "status only moves forward: started cannot become pending"),
        (build(status="completed"), build(), "status only moves forward: completed cannot become started"),
        (build(), build(commit="def4567"), "commit cannot be changed once it is set, only spelt out"),
        (build(), build(commit="abc1"), "commit cannot be changed once it is set, only spelt out"),
        (build(), build(commit=...), "commit cannot be changed once it is set, only spelt out"),
        (build(buildId="web-1"), build(), "buildId cannot be changed once it is set"),
        (note(), note(content="other"), "content cannot be changed"),
        (note(), note(type="cron"), "type cannot be changed"),
        (bound(), bound(commit="def4567"), "a version has one commit for ever: it can be spelt out, not changed"),
        (bound(), bound(version="1.4.1"), "version cannot be changed"),
    ],
)
def test_a_bad_change_is_refused_in_words(bld: Cluster, namespace: str, before: str, after: str, sentence: str) -> None:
    apply(bld, namespace, before)

    with pytest.raises(CommandFailed) as refusal:
        apply(bld, namespace, after)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(build(status="pending"), build(status="failed"), id="a build moves on"),
        pytest.param(build(commit=...), build(), id="a commit may come later"),
        pytest.param(build(), build(commit="ABC1234DEF"), id="a commit is spelt out"),
        pytest.param(bound(), bound(commit="abc1234def"), id="a version's commit is spelt out"),
        pytest.param(bound(), bound(commit="def4567", record="web-2", name="web-2"), id="a claim is taken over"),
    ],
)
def test_a_good_change_is_accepted(bld: Cluster, namespace: str, before: str, after: str) -> None:
    apply(bld, namespace, before)

    answer = apply(bld, namespace, after)

    assert answer.endswith("configured\n")


def test_a_build_has_a_status_of_its_own(bld: Cluster, namespace: str) -> None:
    apply(bld, namespace, build())
    status = {"phase": "Succeeded", "buildId": "web-1-x", "eventType": "build.completed", "duration": "1m30s"}

    bld.kubectl("patch", "bld/web-1", "-n", namespace, "--type=merge", "--subresource=status",
                "-p", json.dumps({"status": status, "spec": {"product": "other"}}))  # fmt: skip

    kept = bld.get("bld/web-1", "-n", namespace)
    assert (kept["status"], kept["spec"]["product"]) == (status, "web")


@pytest.mark.parametrize(
    ("kind", "written", "narrow", "wide"),
    [
        ("bld", build(), "NAME PRODUCT VERSION STATUS AGE", "DURATION COMMIT SOURCE RECORDED AGE"),
        ("note", note(), "NAME TYPE PRODUCT ENVIRONMENT CONTENT AGE", "SOURCE AGE"),
        ("ver", bound(), "NAME PRODUCT VERSION COMMIT FIRST SEEN", "SOURCE"),
    ],
)
def test_the_columns_say_what_people_ask(
    bld: Cluster, namespace: str, kind: str, written: str, narrow: str, wide: str
) -> None:
    apply(bld, namespace, written)

    head = bld.kubectl("get", kind, "-n", namespace).splitlines()[0].split()
    all_of_it = bld.kubectl("get", kind, "-n", namespace, "-o", "wide").splitlines()[0].split()

    assert head == narrow.split()
    assert all_of_it[-len(wide.split()) :] == wide.split()


def test_objects_are_selected_by_product_and_version_and_found_by_category(bld: Cluster, namespace: str) -> None:
    for written in (build(), note(), bound()):
        apply(bld, namespace, written)

    selector = "--field-selector=spec.product=web,spec.version=1.4.0"
    builds = bld.kubectl("get", "bld", "-n", namespace, selector, "-o", "name")
    others = bld.kubectl("get", "bld", "-n", namespace, "--field-selector=spec.version=2", "-o", "name")
    all_of_it = bld.kubectl("get", "deploytrail", "-n", namespace, "-o", "name")

    assert builds == "buildevent.deploytrail.dev/web-1\n"
    assert others == ""
    assert len(all_of_it.splitlines()) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_api_server_finds_nothing_wrong_with_the_schema_and_keeps_it(bld: Cluster, kind: str) -> None:
    definition = bld.get(f"crd/{kind}.deploytrail.dev")

    conditions = {condition["type"]: condition["status"] for condition in definition["status"]["conditions"]}
    (written,) = yaml.safe_load_all((CRDS / f"{kind}.yaml").read_text())
    assert conditions["Established"] == conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"
    assert definition["spec"]["versions"][0]["schema"] == written["spec"]["versions"][0]["schema"]


@pytest.mark.parametrize("short", ["bld", "note", "ver"])
def test_explain_teaches_what_everything_is(bld: Cluster, short: str) -> None:
    explained = bld.kubectl("explain", short) + bld.kubectl("explain", f"{short}.spec")

    assert "<no description>" not in explained
    assert "product\t<string> -required-" in explained
