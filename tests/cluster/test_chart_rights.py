"""What the chart's ServiceAccount may do, as the API server says, and what people may: enough, and nothing more."""

import json
import math
from pathlib import Path

import httpx
import pytest

from tests.argocd.applications import CRD as APPLICATIONS
from tests.argocd.applications import ClusterApplications
from tests.argocd.controller import Player
from tests.argocd.pace import Pace
from tests.argocd.shapes import Setup, commit
from tests.cluster.charted import EVENTS, NAME, Install, allowed, as_its_account, running, upgrade
from tests.controlplane.cluster import CommandFailed
from tests.controlplane.server import ControlPlane
from tests.operator_process import deploytrail
from tests.waiting import wait_until

EVENT = {
    "apiVersion": "deploytrail.dev/v1alpha1",
    "kind": "DeploymentEvent",
    "metadata": {"name": "web-1"},
    "spec": {"product": "web", "environment": "production", "status": "completed"},
}


def test_its_account_may_do_what_it_must(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    for verb in ("get", "list", "watch"):
        assert allowed(account, verb, "applications.argoproj.io")
        assert allowed(account, verb, "deploymentevents.deploytrail.dev")
        assert allowed(account, verb, "secrets", namespace)
    assert allowed(account, "list", "customresourcedefinitions.apiextensions.k8s.io")
    assert allowed(account, "patch", "deploymentevents/status.deploytrail.dev", "elsewhere")
    assert allowed(account, "create", "deploymentevents.deploytrail.dev", namespace)
    assert allowed(account, "update", "deploymentevents.deploytrail.dev", namespace)
    for plural in ("deploymentevents", "buildevents", "annotations"):
        assert allowed(account, "delete", f"{plural}.deploytrail.dev", namespace)
    assert allowed(account, "create", "leases.coordination.k8s.io", namespace)
    for verb in ("get", "update"):
        assert allowed(account, verb, "leases.coordination.k8s.io", namespace, "deploytrail-leader")
    assert allowed(account, "create", "configmaps", namespace)
    assert allowed(account, "get", "configmaps", namespace, "deploytrail-began")
    assert allowed(account, "update", "configmaps", namespace, "deploytrail-key-uses")


def test_its_account_may_do_nothing_more(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    for verb in ("create", "update", "patch", "delete", "deletecollection"):
        assert not allowed(account, verb, "applications.argoproj.io", "argocd")
        assert not allowed(account, verb, "applications.argoproj.io", namespace)
        assert not allowed(account, verb, "deploymentevents.deploytrail.dev", "elsewhere")
        assert not allowed(account, verb, "secrets", namespace)
        assert not allowed(account, verb, "customresourcedefinitions.apiextensions.k8s.io")
    for verb in ("get", "list", "watch"):
        assert not allowed(account, verb, "secrets", "kube-system")
        assert not allowed(account, verb, "secrets")
    assert not allowed(account, "delete", "versions.deploytrail.dev", namespace)
    assert not allowed(account, "deletecollection", "deploymentevents.deploytrail.dev", namespace)
    assert not allowed(account, "get", "configmaps", namespace, "other")
    assert not allowed(account, "list", "configmaps", namespace)
    assert not allowed(account, "update", "leases.coordination.k8s.io", namespace, "other")
    assert not allowed(account, "list", "leases.coordination.k8s.io", namespace)
    assert not allowed(account, "list", "pods", namespace)
    assert not allowed(account, "create", "pods", namespace)


def test_its_account_lists_and_is_refused_for_real(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    assert account.get("deploymentevents.deploytrail.dev", "-A")["items"] == []
    assert account.get("secrets", "-n", namespace)["items"] is not None
    with pytest.raises(CommandFailed, match="Forbidden"):
        account.get("secrets", "-n", "kube-system")


def test_a_source_that_is_off_has_no_rights(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install('sources=["http"]')

    account = as_its_account(fresh, namespace, tmp_path)

    assert not allowed(account, "list", "applications.argoproj.io")
    assert not allowed(account, "list", "customresourcedefinitions.apiextensions.k8s.io")
    assert not allowed(account, "patch", "deploymentevents/status.deploytrail.dev", namespace)
    upgrade(fresh, namespace, 'sources=["argocd"]')
    assert allowed(account, "list", "applications.argoproj.io")
    assert not allowed(account, "patch", "deploymentevents/status.deploytrail.dev", namespace)


def test_who_keeps_everything_may_delete_nothing(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install('retention={"age":"0s","count":0}')

    account = as_its_account(fresh, namespace, tmp_path)

    for plural in ("deploymentevents", "buildevents", "annotations"):
        assert not allowed(account, "delete", f"{plural}.deploytrail.dev", namespace)


def test_it_manages_keys_where_it_was_told_to(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install("keys.manageByApi=true")

    account = as_its_account(fresh, namespace, tmp_path)

    assert allowed(account, "create", "secrets", namespace)
    assert allowed(account, "delete", "secrets", namespace)
    for verb in ("update", "patch", "deletecollection"):
        assert not allowed(account, verb, "secrets", namespace)
    assert not allowed(account, "create", "secrets", "kube-system")
    assert not allowed(account, "delete", "secrets", "kube-system")


def test_people_see_and_report_through_the_clusters_own_roles(fresh: ControlPlane, install: Install) -> None:
    install()

    roles = {name: fresh.get(f"clusterrole/{NAME}-{name}") for name in ("view", "edit")}

    to = "rbac.authorization.k8s.io/aggregate-to-"
    labels = {name: {key for key in role["metadata"]["labels"] if key.startswith(to)} for name, role in roles.items()}
    assert labels == {"view": {f"{to}view", f"{to}edit", f"{to}admin"}, "edit": {f"{to}edit", f"{to}admin"}}
    assert roles["view"]["rules"][0]["verbs"] == ["get", "list", "watch"]
    assert "create" in roles["edit"]["rules"][0]["verbs"]
    assert {rule["resources"][0] for role in roles.values() for rule in role["rules"]} == {"deploymentevents"}


@pytest.mark.parametrize("sources", [["argocd", "resources", "http"], ["argocd"], ["http"]], ids=" ".join)
def test_the_operator_asks_for_nothing_that_is_refused(
    fresh: ControlPlane, install: Install, tmp_path: Path, sources: list[str]
) -> None:
    fresh.kubectl("apply", "-f", str(APPLICATIONS))
    namespace = install(f"sources={json.dumps(sources)}")
    key = create_key(fresh, namespace)
    user = f"system:serviceaccount:{namespace}:{NAME}"

    with running(fresh, namespace, tmp_path) as url:
        wait_until(lambda: asked(fresh, user, verb="watch") >= set().union(*(WATCHED[source] for source in sources)))
        report_everywhere(fresh, namespace, url=url, key=key)
        wait_until(lambda: recorded(fresh, namespace) >= {SPELLED[source] for source in sources})
        wait_until(lambda: asked(fresh, user) >= set().union(*(TOUCHED[source] for source in sources)))

    assert asked(fresh, user, code=403) == set()


WATCHED = {
    "argocd": {"applications", "deploymentevents", "secrets"},
    "resources": {"buildevents", "deploymentevents", "secrets"},
    "http": {"deploymentevents", "secrets"},
}
TOUCHED = {"argocd": {"configmaps"}, "resources": {"deploymentevents/status"}, "http": set[str]()}
SPELLED = {"argocd": "argocd", "resources": "kubectl", "http": "hivel"}


def report_everywhere(cluster: ControlPlane, namespace: str, *, url: str, key: str) -> None:
    """A deployment through every door, whether it is open or not."""
    wait_until(lambda: post(url, key).status_code in (200, 404))
    cluster.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(EVENT))
    with ClusterApplications(cluster.kubeconfig, namespace) as applications:
        player = Player(applications, Setup(namespace=namespace), Pace(speed=math.inf))
        player.create(commit("1"))
        player.sync(commit("2"))


def create_key(cluster: ControlPlane, namespace: str) -> str:
    where = f"--namespace={namespace}", f"--kubeconfig={cluster.kubeconfig}"
    made = deploytrail("keys", "create", "ci", "--scope=ingest", *where)
    made.check_returncode()
    return made.stdout.strip()


def post(url: str, key: str) -> httpx.Response:
    body = {
        "deployment_id": "one",
        "event_type": "completed",
        "status": "success",
        "environment": "staging",
        "start_time": "2026-03-02T11:00:00Z",
        "end_time": "2026-03-02T11:01:30Z",
        "repo_url": "https://git.example.com/shop/web",
        "branch": "main",
    }
    return httpx.post(f"{url}/api/hooks/v2/deployment", json=body, headers={"X-API-Token": key})


def recorded(cluster: ControlPlane, namespace: str) -> set[str]:
    """From which sources there are records."""
    return {event["spec"]["source"] for event in cluster.get(EVENTS, "-n", namespace)["items"]}


def asked(cluster: ControlPlane, user: str, *, verb: str | None = None, code: int | None = None) -> set[str]:
    """What somebody has asked the API server for, by the audit log; with ``code``, what was answered so."""
    found = set()
    for entry in map(json.loads, cluster.audit_log.read_text().splitlines()):
        if entry["user"]["username"] != user or "objectRef" not in entry:
            continue
        if verb in (None, entry["verb"]) and code in (None, entry["responseStatus"]["code"]):
            reference = entry["objectRef"]
            found.add("/".join(filter(None, (reference["resource"], reference.get("subresource")))))
    return found
