"""The API server goes away and comes back: HTTP answers all the while, and nothing that happened is lost."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.cluster.trail import Trail
from tests.controlplane.server import ControlPlane
from tests.http.endpoint import event
from tests.operator_process import Operator
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def operator(trail: Trail) -> Operator:
    return trail.run()


@pytest.fixture
def running(trail: Trail, operator: Operator, request: pytest.FixtureRequest) -> Steps:
    """A sync that runs, and is recorded as started."""
    name = request.node.name.replace("_", "-")[:50].strip("-")
    steps = Steps(trail.applications, Setup(name=name, namespace=trail.argocd))
    steps.begin(2)
    wait_until(lambda: one(operator, name)["status"] == "started")
    return steps


@pytest.fixture
def away(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The API server is gone; afterwards it is back."""
    control_plane.stop_api(kill=True)
    yield control_plane
    control_plane.start_api()


def one(operator: Operator, product: str) -> dict[str, Any]:
    (record,) = operator.deployments(product=product)
    return record


def test_a_sync_in_the_middle_of_an_outage_gets_its_one_record(
    operator: Operator, running: Steps, control_plane: ControlPlane
) -> None:
    before = operator.process.pid
    control_plane.stop_api(kill=True)
    wait_until(lambda: operator.get("/readyz").status_code == 503)
    control_plane.start_api()

    running.succeed()
    running.become("Progressing", "Healthy")

    wait_until(lambda: one(operator, running.setup.name)["status"] == "completed")
    wait_until(lambda: operator.get("/readyz").raise_for_status())
    assert operator.post(event()).status_code == 200
    assert operator.process.pid == before


def test_http_answers_while_the_api_server_is_away(operator: Operator, running: Steps, away: ControlPlane) -> None:
    unready = wait_until(lambda: not_ready(operator))

    began = time.monotonic()
    refused = operator.post(event())
    took = time.monotonic() - began

    assert operator.get("/healthz").json() == {"status": "ok"}
    assert refused.status_code == 503
    assert took < 1
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["message"] == "Service unavailable"
    assert "Kubernetes API server is away" in refused.json()["error"]
    assert datetime.fromisoformat(unready["since"]).tzinfo is not None
    assert any("cut off from the Kubernetes API server since" in problem for problem in unready["problems"])
    assert one(operator, running.setup.name)["status"] == "started"
    assert operator.post(event(), key="dtk_wrong").status_code == 401


def not_ready(operator: Operator) -> dict[str, Any]:
    answer = operator.get("/readyz")
    assert answer.status_code == 503
    return dict(answer.json())


def test_a_report_that_was_refused_during_the_outage_is_stored_when_it_is_sent_again(
    operator: Operator, away: ControlPlane
) -> None:
    told = event(repo_url="https://github.com/acme/again")
    wait_until(lambda: operator.post(told).status_code == 503)

    away.start_api()

    wait_until(lambda: operator.post(told).raise_for_status())
    assert one(operator, "acme/again")["status"] == "completed"


def test_what_changed_while_the_api_server_lost_its_history_is_noticed(
    trail: Trail, operator: Operator, control_plane: ControlPlane
) -> None:
    operator.post(event(repo_url="https://github.com/acme/removed")).raise_for_status()
    record = one(operator, "acme/removed")
    sleeping = Steps(trail.applications, Setup(name="sleeping", namespace=trail.argocd))
    before = lists(trail, control_plane)

    operator.freeze()
    control_plane.stop_api(kill=True)
    control_plane.start_api()
    control_plane.kubectl("delete", "dep", record["id"], "-n", trail.namespace)
    sleeping.deploy(2)
    control_plane.compact()
    operator.thaw()

    wait_until(lambda: operator.deployments(product="acme/removed") == [])
    wait_until(lambda: one(operator, "sleeping")["status"] == "completed")
    after = lists(trail, control_plane)
    assert all(after[kind] > before[kind] for kind in ("applications", "deploymentevents")), (before, after)


def lists(trail: Trail, control_plane: ControlPlane) -> Counter[str]:
    """How often the operator has listed each kind: again only when it is told that its version is too old."""
    kinds = ("applications", "deploymentevents")
    entries = (entry for kind in kinds for entry in control_plane.audited(kind, frozenset({"list"})))
    return Counter(entry["objectRef"]["resource"] for entry in entries if entry["user"]["username"] == trail.user)


def test_an_api_server_that_hangs_does_not_hang_http(operator: Operator, control_plane: ControlPlane) -> None:
    told = event(repo_url="https://github.com/acme/hung")
    control_plane.freeze_api()
    try:
        refused = operator.post(told)
        healthy = operator.get("/healthz")
    finally:
        control_plane.thaw_api()

    assert (refused.status_code, healthy.status_code) == (503, 200)
    wait_until(lambda: operator.post(told).raise_for_status())
    assert one(operator, "acme/hung")["status"] == "completed"
