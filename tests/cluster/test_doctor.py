"""deploytrail doctor, on a real API server: all well, and one thing after another taken away."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploytrail.doctor.rights import Right, needed
from tests.argocd.applications import CRD as APPLICATIONS
from tests.argocd.applications import ClusterApplications
from tests.argocd.shapes import Setup
from tests.cluster.charted import NAME, ROOT, Install, as_its_account
from tests.controlplane.server import ControlPlane
from tests.operator_process import Release, deploytrail

Findings = dict[str, dict[str, str]]


def doctor(cluster: ControlPlane, kubeconfig: Path, namespace: str, *flags: str, **environment: str) -> Findings:
    """The findings by check, the worst of each; the exit code has to say the same."""
    where = f"--kubeconfig={kubeconfig}", f"--namespace={namespace}"
    done = deploytrail("doctor", "--output=json", *where, *flags, **environment)
    assert done.stderr == ""
    found: list[dict[str, str]] = json.loads(done.stdout)
    worst: Findings = {}
    for each in sorted(found, key=lambda finding: ["skip", "ok", "warn", "fail"].index(finding["level"])):
        worst[each["check"]] = each
    assert done.returncode == int(any(each["level"] == "fail" for each in found))
    assert cluster.admin_token not in done.stdout + done.stderr
    return worst


def levels(found: Findings) -> dict[str, str]:
    return {check: finding["level"] for check, finding in found.items()}


@pytest.fixture
def argocd_crd(fresh: ControlPlane) -> None:
    fresh.kubectl("apply", "-f", str(APPLICATIONS))
    fresh.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/applications.argoproj.io")


def make_ready(cluster: ControlPlane, namespace: str) -> None:
    """What a kubelet and two controllers would have noted."""
    status = json.dumps({"status": {"replicas": 1, "readyReplicas": 1}})
    cluster.kubectl(
        "patch", f"deployment/{NAME}", "-n", namespace, "--subresource=status", "--type=merge", "--patch", status
    )


def test_all_is_well(fresh: ControlPlane, install: Install, argocd_crd: None, tmp_path: Path) -> None:
    namespace = install()
    make_ready(fresh, namespace)
    deploytrail(
        "keys", "create", "ci", "--scope=ingest", f"--namespace={namespace}", f"--kubeconfig={fresh.kubeconfig}"
    )
    event = {
        "apiVersion": "deploytrail.dev/v1alpha1",
        "kind": "DeploymentEvent",
        "metadata": {"name": "web-1"},
        "spec": {"product": "web", "environment": "production", "status": "completed"},
    }
    fresh.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(event))

    with (
        ClusterApplications(fresh.kubeconfig, namespace) as applications,
        Release(fresh, namespace, "trail").operator(tmp_path) as operator,
    ):
        applications.create(Setup(namespace=namespace).application())
        found = doctor(fresh, fresh.kubeconfig, namespace, f"--url={operator.url}")

    assert levels(found) == {
        "cluster": "ok",
        "clock": "ok",
        "installation": "ok",
        "kinds": "ok",
        "rights": "ok",
        "argocd": "ok",
        "applications": "ok",
        "store": "ok",
        "last event": "ok",
        "backlog": "skip",
        "keys": "ok",
        "endpoint": "ok",
    }
    assert found["rights"]["message"].startswith(f"the ServiceAccount {namespace}:{NAME} has all ")
    assert f"{namespace} 1" in found["applications"]["message"]


def test_in_the_pod_it_asks_about_itself(
    fresh: ControlPlane, install: Install, argocd_crd: None, tmp_path: Path
) -> None:
    namespace = install()
    account = as_its_account(fresh, namespace, tmp_path)

    found = doctor(fresh, account.kubeconfig, namespace)

    assert levels(found) | {"endpoint": "", "keys": "", "last event": "", "applications": ""} == {
        "cluster": "ok",
        "clock": "ok",
        "installation": "skip",
        "kinds": "ok",
        "rights": "ok",
        "argocd": "ok",
        "applications": "",
        "store": "ok",
        "last event": "",
        "backlog": "skip",
        "keys": "",
        "endpoint": "",
    }
    assert found["rights"]["message"].startswith(f"system:serviceaccount:{namespace}:{NAME} has all ")


def test_a_missing_rule_is_named_and_helps(
    fresh: ControlPlane, install: Install, argocd_crd: None, tmp_path: Path
) -> None:
    namespace = install()
    role = fresh.get(f"clusterrole/{NAME}")
    rules = [rule for rule in role["rules"] if rule["apiGroups"] != ["argoproj.io"]]
    patch(fresh, f"clusterrole/{NAME}", rules)

    found = doctor(fresh, fresh.kubeconfig, namespace)["rights"]

    assert found["level"] == "fail"
    assert "may not get, list, watch applications.argoproj.io in the whole cluster" in found["message"]
    where, _, rule = found["advice"].partition("\n")
    assert where == "add to its ClusterRole:"
    patch(fresh, f"clusterrole/{NAME}", rules + yaml.safe_load(rule))
    assert doctor(fresh, fresh.kubeconfig, namespace)["rights"]["level"] == "ok"


def test_a_right_too_many_is_told(fresh: ControlPlane, install: Install, argocd_crd: None) -> None:
    namespace = install()
    rules = fresh.get(f"clusterrole/{NAME}")["rules"]
    write = {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": ["patch"]}
    patch(fresh, f"clusterrole/{NAME}", [*rules, write])

    found = doctor(fresh, fresh.kubeconfig, namespace)["rights"]

    assert found["level"] == "warn"
    assert "may patch Applications" in found["message"]


def patch(cluster: ControlPlane, role: str, rules: list[dict[str, Any]]) -> None:
    cluster.kubectl("patch", role, "--type=merge", "--patch", json.dumps({"rules": rules}))


@pytest.mark.parametrize(
    ("values", "sources", "records_here"),
    [
        ([], ("argocd", "resources", "http"), True),
        (['sources=["http"]'], ("http",), True),
        (
            ['store={"type":"postgresql","secret":{"name":"db"}}', 'sources=["argocd","http"]'],
            ("argocd", "http"),
            False,
        ),
    ],
    ids=["all", "http", "postgresql"],
)
def test_the_chart_gives_the_rights_that_are_needed_and_no_others(
    fresh: ControlPlane, install: Install, values: list[str], sources: tuple[str, ...], records_here: bool
) -> None:
    namespace = install(*values)

    given = granted(fresh, f"clusterrole/{NAME}", "") | granted(fresh, f"role/{NAME}", namespace)

    wanted = needed(home=namespace, sources=sources, records_here=records_here, keys_here=True)
    assert given == {replace(right, optional=False) for right in wanted}


def test_the_page_on_security_tells_every_right(fresh: ControlPlane, install: Install) -> None:
    page = (ROOT / "docs/security.md").read_text()
    rows = re.findall(r"^\| (the cluster|its namespace) \| (`.+?) \| ([a-z, ]+) \|", page, re.MULTILINE)
    namespace = install()

    told = {
        (where, resource, verb, name)
        for where, what, verbs in rows
        for resource in what.partition(" named ")[0].replace("`", "").split(", ")
        for verb in verbs.split(", ")
        for name in [what.partition(" named ")[2].strip("`")]
    }

    given = granted(fresh, f"clusterrole/{NAME}", "") | granted(fresh, f"role/{NAME}", namespace)
    assert told == {
        ("its namespace" if right.namespace else "the cluster", right.resource, right.verb, right.name)
        for right in given
    }


def granted(cluster: ControlPlane, role: str, namespace: str) -> set[Right]:
    rules = cluster.get(role, *(["-n", namespace] if namespace else []))["rules"]
    return {
        Right(group, resource, verb, namespace, name)
        for rule in rules or ()
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames") or [""]
    }


def test_kinds_that_are_missing_and_pods_that_do_not_run(fresh: ControlPlane, install: Install) -> None:
    namespace = install("crds.install=false")

    found = doctor(fresh, fresh.kubeconfig, namespace)

    assert found["kinds"]["level"] == "fail"
    assert "is not installed" in found["kinds"]["message"]
    assert found["installation"]["level"] == "fail"
    assert "0 of 1 pods ready" in found["installation"]["message"]
    assert found["endpoint"]["level"] == "fail"
    assert f"the Service {NAME} cannot be reached" in found["endpoint"]["message"]
    assert found["store"]["level"] == "fail"


def test_a_dead_database_is_told_without_its_password(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    found = doctor(
        fresh,
        fresh.kubeconfig,
        namespace,
        DEPLOYTRAIL_STORE="postgresql://someone:hushhush@127.0.0.1:1/trail",
    )

    assert found["store"]["level"] == "fail"
    assert "the PostgreSQL database cannot be used" in found["store"]["message"]
    assert "hushhush" not in json.dumps(found)


def test_a_database_that_only_pods_know_is_left_to_them(fresh: ControlPlane, install: Install) -> None:
    namespace = install('store={"type":"postgresql","secret":{"name":"db"}}')

    found = doctor(fresh, fresh.kubeconfig, namespace)

    assert found["store"]["level"] == "skip"
    assert found["store"]["advice"] == (f"kubectl exec --namespace {namespace} deployment/{NAME} -- deploytrail doctor")


def test_keys_that_only_pods_have_are_left_to_them(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install('keys={"existingSecret":"my-keys"}')
    file = tmp_path / "keys.json"
    deploytrail("keys", "create", "ci", "--scope=ingest", f"--keys-file={file}")

    found = doctor(fresh, fresh.kubeconfig, namespace)["keys"]
    copied = doctor(fresh, fresh.kubeconfig, namespace, f"--keys-file={file}")["keys"]

    assert found["level"] == "skip"
    assert found["message"] == "they are in /etc/deploytrail/keys/keys.json, which only the pods have"
    assert found["advice"] == f"kubectl exec --namespace {namespace} deployment/{NAME} -- deploytrail doctor"
    assert copied["level"] == "ok"


def test_an_api_server_that_is_away_is_one_failure(fresh: ControlPlane, tmp_path: Path) -> None:
    config = yaml.safe_load(fresh.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    away = tmp_path / "kubeconfig"
    away.write_text(yaml.safe_dump(config))

    found = doctor(fresh, away, "trail")

    assert levels(found) == {"cluster": "fail", "store": "skip", "keys": "skip", "endpoint": "fail"}


def test_an_api_server_that_hangs_is_not_waited_for(fresh: ControlPlane) -> None:
    fresh.freeze_api()
    try:
        found = doctor(fresh, fresh.kubeconfig, "trail", "--timeout=0.5")
    finally:
        fresh.thaw_api()

    assert found["cluster"]["level"] == "fail"
    assert "did not answer within 0.5 s" in found["cluster"]["message"]


def test_the_wrong_namespace_is_told(fresh: ControlPlane) -> None:
    found = doctor(fresh, fresh.kubeconfig, "default")

    assert found["installation"]["level"] == "warn"
    assert found["installation"]["message"] == "no Deployment of Deploytrail in the namespace default"


def test_a_wrong_flag_is_a_wrong_command() -> None:
    assert deploytrail("doctor", "--store=nowhere").returncode == 2
