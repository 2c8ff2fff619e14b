"""A tenant's installation: no right in the whole cluster, and everything works in the namespaces it may watch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploytrail.doctor.rights import needed
from tests.argocd.applications import CRD as APPLICATIONS
from tests.argocd.applications import ClusterApplications
from tests.argocd.controller import Player
from tests.argocd.pace import Pace
from tests.argocd.shapes import Setup, commit
from tests.argocd.steps import Steps
from tests.cluster.charted import EVENTS, NAME, Install, allowed, as_its_account
from tests.cluster.test_chart_rights import EVENT, asked, create_key, post
from tests.cluster.test_doctor import doctor, granted
from tests.controlplane.server import ControlPlane
from tests.operator_process import Release
from tests.waiting import wait_until

TENANT = "rbac.aggregate=false"


@pytest.fixture
def team(fresh: ControlPlane) -> Iterator[str]:
    name = fresh.create_namespace("team")
    yield name
    fresh.delete_namespace(name)


def watching(team: str) -> str:
    return f"watchNamespaces={json.dumps([team])}"


def test_roles_take_the_place_of_the_cluster_role(
    fresh: ControlPlane, install: Install, team: str, tmp_path: Path
) -> None:
    namespace = install(watching(team), TENANT)

    mine = "--selector=app.kubernetes.io/instance=trail"
    assert fresh.get("clusterrole,clusterrolebinding", mine)["items"] == []
    account = as_its_account(fresh, namespace, tmp_path)
    for where in (namespace, team):
        assert allowed(account, "watch", "applications.argoproj.io", where)
        assert allowed(account, "patch", "deploymentevents/status.deploytrail.dev", where)
        assert not allowed(account, "patch", "applications.argoproj.io", where)
    for resource in ("applications.argoproj.io", "deploymentevents.deploytrail.dev", "secrets", "namespaces"):
        assert not allowed(account, "list", resource)
    assert not allowed(account, "get", "secrets", team)
    assert not allowed(account, "create", "deploymentevents.deploytrail.dev", team)


def test_it_is_given_what_it_needs_and_no_more(fresh: ControlPlane, install: Install, team: str) -> None:
    namespace = install(watching(team), TENANT)

    given = granted(fresh, f"role/{NAME}", namespace) | granted(fresh, f"role/{NAME}", team)

    wanted = needed(
        home=namespace,
        sources=("argocd", "resources", "http"),
        records_here=True,
        keys_here=True,
        watched=(namespace, team),
    )
    assert {(r.group, r.resource, r.verb, r.namespace, r.name) for r in given} == {
        (r.group, r.resource, r.verb, r.namespace, r.name) for r in wanted
    }


def test_a_tenant_records_from_every_source(fresh: ControlPlane, install: Install, team: str, tmp_path: Path) -> None:
    fresh.kubectl("apply", "-f", str(APPLICATIONS))
    namespace = install(watching(team), TENANT, 'argocd={"hold":"200ms","settle":"1s"}')
    elsewhere = fresh.create_namespace("elsewhere")
    key = create_key(fresh, namespace)
    user = f"system:serviceaccount:{namespace}:{NAME}"

    with (
        Release(fresh, namespace, "trail").operator(tmp_path) as operator,
        ClusterApplications(fresh.kubeconfig, team) as applications,
    ):
        wait_until(lambda: post(operator.url, key).status_code == 200)
        fresh.kubectl("apply", "-n", team, "-f", "-", input=json.dumps(EVENT))
        fresh.kubectl("apply", "-n", elsewhere, "-f", "-", input=json.dumps(EVENT))
        wait_until(lambda: "applications" in asked(fresh, user, verb="watch"))
        player = Player(applications, Setup(namespace=team), Pace(speed=20))
        player.create(commit("1"))
        player.sync(commit("2"))
        wait_until(lambda: {"hivel", "argocd"} <= sources(fresh, namespace))
        wait_until(lambda: fresh.get("dep/web-1", "-n", team)["status"]["phase"])
        found = doctor(fresh, fresh.kubeconfig, namespace, f"--url={operator.url}")

    assert asked(fresh, user, code=403) == set()
    assert "status" not in fresh.get("dep/web-1", "-n", elsewhere)
    assert (found["rights"]["level"], found["applications"]["level"]) == ("ok", "ok")
    fresh.delete_namespace(elsewhere)


def test_argocd_that_comes_later_is_noticed(fresh: ControlPlane, install: Install, team: str, tmp_path: Path) -> None:
    fresh.delete_crds("applications.argoproj.io")
    namespace = install(watching(team), TENANT)
    user = f"system:serviceaccount:{namespace}:{NAME}"

    with Release(fresh, namespace, "trail").operator(tmp_path):
        wait_until(lambda: "deploymentevents" in asked(fresh, user, verb="watch"))
        fresh.kubectl("apply", "-f", str(APPLICATIONS))
        wait_until(lambda: "applications" in asked(fresh, user, verb="watch"), patience=90)


def test_a_namespace_that_is_forbidden_for_a_while_keeps_no_other_waiting(
    fresh: ControlPlane, install: Install, team: str, tmp_path: Path
) -> None:
    fresh.kubectl("apply", "-f", str(APPLICATIONS))
    closed = fresh.create_namespace("closed")
    namespace = install(
        f"watchNamespaces={json.dumps([team, closed])}", TENANT, 'argocd={"hold":"200ms","settle":"1s"}'
    )
    permitted = fresh.get(f"role/{NAME}", "-n", closed)["rules"]
    forbidden = [rule for rule in permitted if rule["apiGroups"] != ["argoproj.io"]]
    set_rules(fresh, closed, forbidden)

    with (
        Release(fresh, namespace, "trail").operator(tmp_path) as operator,
        ClusterApplications(fresh.kubeconfig, team) as open_to_us,
        ClusterApplications(fresh.kubeconfig, closed) as closed_to_us,
    ):
        before = operator.process.pid
        wait_until(lambda: any("forbidden" in line["event"] + line.get("reason", "") for line in operator.log()))
        Steps(closed_to_us, Setup(name="hidden", namespace=closed)).deploy(2)
        Steps(open_to_us, Setup(name="shown", namespace=team)).deploy(2)
        wait_until(lambda: "shown" in products(fresh, namespace))
        meanwhile = products(fresh, namespace)
        set_rules(fresh, closed, permitted)
        wait_until(lambda: "hidden" in products(fresh, namespace), patience=90)

        assert meanwhile == {"shown"}
        assert operator.process.pid == before
    fresh.delete_namespace(closed)


def set_rules(cluster: ControlPlane, namespace: str, rules: list[dict[str, Any]]) -> None:
    cluster.kubectl("patch", "role", NAME, "-n", namespace, "--type=merge", "-p", json.dumps({"rules": rules}))


def products(cluster: ControlPlane, namespace: str) -> set[str]:
    return {event["spec"]["product"] for event in cluster.get(EVENTS, "-n", namespace)["items"]}


def sources(cluster: ControlPlane, namespace: str) -> set[str]:
    return {event["spec"]["source"] for event in cluster.get(EVENTS, "-n", namespace)["items"]}
