"""Argo CD Notifications over HTTP; what they mean beside a watch is tested with the recorded streams."""

from typing import Any

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Source, Status, Trigger
from tests.fakes import SECRET, key
from tests.http.apis import ROUTES, product
from tests.http.endpoint import Endpoint

PATH = "/api/hooks/argocd"
SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"


def notification(name: str, *, state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    source = {"repoURL": "https://bot:secret@git.example.com/acme/shop.git", "path": "prod", "targetRevision": "main"}
    shown = {
        "phase": "Succeeded",
        "message": "successfully synced (all tasks run)",
        "startedAt": "2026-11-21T11:55:00Z",
        "finishedAt": "2026-11-21T11:55:05Z",
        "operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": SHA}},
        "syncResult": {"revision": SHA, "source": source},
    }
    return {
        "argocdUrl": "https://argocd.example.com",
        "metadata": {"name": name, "namespace": "argocd", "uid": f"uid-of-{name}", "annotations": {}},
        "spec": {
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "project": "default",
        },
        "status": {
            "health": {"status": "Healthy", "lastTransitionTime": "2026-11-21T11:55:20Z"},
            "reconciledAt": "2026-11-21T11:55:06Z",
            "operationState": shown | (state or {}),
        }
        | status,
    }


def post(endpoint: Endpoint, body: object, *, secret: str = SECRET) -> httpx.Response:
    return ROUTES["argocd-notifications"].send(endpoint, body, secret=secret)


def test_a_notification_is_the_record_that_watching_would_have_made(endpoint: Endpoint) -> None:
    name = product().replace("/", "-")

    answer = post(endpoint, notification(name))

    [stored] = endpoint.deployments(name)
    assert (answer.status_code, answer.json()) == (200, {"id": stored.id})
    assert stored.id.startswith(f"{name}-20261121-115500-")
    assert (stored.status, stored.source) == (Status.COMPLETED, Source.ARGOCD_NOTIFICATIONS)
    assert (stored.environment, stored.commit, stored.version) == ("shop", SHA, SHA[:7])
    assert (stored.deployed_by, stored.trigger) == ("alice", Trigger.MANUAL)
    assert stored.repository == "https://git.example.com/acme/shop"
    assert stored.links.ui == f"https://argocd.example.com/applications/argocd/{name}"
    assert "secret" not in stored.model_dump_json()


def test_the_states_of_an_operation_are_one_record(endpoint: Endpoint) -> None:
    name = product().replace("/", "-")
    running = {"phase": "Running", "finishedAt": "", "message": "", "syncResult": {}}

    post(endpoint, notification(name, state=running, health={"status": "Progressing"}))
    post(endpoint, notification(name, health={"status": "Progressing"}))
    post(endpoint, notification(name))
    post(endpoint, notification(name, health={"status": "Degraded", "lastTransitionTime": "2026-11-21T11:58:00Z"}))

    [stored] = endpoint.deployments(name)
    assert stored.status is Status.COMPLETED
    assert [status for status, _ in stored.history] == [Status.STARTED, Status.COMPLETED]


@pytest.mark.parametrize(
    ("state", "status", "becomes"),
    [
        ({"phase": "Failed", "message": "one or more tasks failed"}, {}, Status.FAILED),
        ({"phase": "Error", "message": "no such revision"}, {}, Status.FAILED),
        ({}, {"health": {"status": "Degraded", "lastTransitionTime": "2026-11-21T11:55:20Z"}}, Status.FAILED),
        ({}, {"health": {"status": "Degraded", "lastTransitionTime": "2026-11-21T11:00:00Z"}}, Status.STARTED),
        ({}, {"health": {"status": "Suspended"}}, Status.STARTED),
        ({}, {"reconciledAt": "2026-11-21T11:55:01Z"}, Status.STARTED),
    ],
)
def test_each_state_has_its_verdict(
    endpoint: Endpoint, state: dict[str, Any], status: dict[str, Any], becomes: Status
) -> None:
    name = product().replace("/", "-")

    assert post(endpoint, notification(name, state=state, **status)).status_code == 200

    assert endpoint.deployments(name)[0].status is becomes


def test_the_key_says_what_environment_it_is_and_an_annotation_knows_better() -> None:
    with Endpoint(ring=KeyRing([key(environment="production-eu")])) as endpoint:
        for name, annotations in (("plain", {}), ("told", {"deploytrail.dev/environment": "canary"})):
            body = notification(name)
            body["metadata"]["annotations"] = annotations
            post(endpoint, body)

        found = {each.product: each.environment for each in endpoint.stored()}

    assert found == {"plain": "production-eu", "told": "canary"}


@pytest.mark.parametrize(
    "status",
    [
        {"operationState": {}},
        {"operationState": {"phase": "Succeeded"}},
        {
            "operationState": {
                "phase": "Succeeded",
                "startedAt": "2026-11-21T11:55:00Z",
                "finishedAt": "2026-11-21T11:55:05Z",
                "operation": {"sync": {"dryRun": True}},
            }
        },
    ],
)
def test_what_is_no_deployment_is_ignored(endpoint: Endpoint, status: dict[str, Any]) -> None:
    name = product().replace("/", "-")

    answer = post(endpoint, notification(name, **status))

    assert answer.json() == {"ignored": "the Application shows no operation that is recorded"}
    assert not endpoint.deployments(name)


def test_an_application_that_asks_to_be_ignored_is(endpoint: Endpoint) -> None:
    body = notification(product().replace("/", "-"))
    body["metadata"]["annotations"] = {"deploytrail.dev/ignore": "true"}

    assert post(endpoint, body).json().keys() == {"ignored"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"metadata": None}, "metadata is required"),
        ({"metadata": {"name": "web", "namespace": "argocd"}}, "metadata.uid is required"),
        ({"status": "Synced"}, "status has the wrong type or is empty"),
    ],
)
def test_what_is_wrong_is_named(endpoint: Endpoint, change: dict[str, Any], error: str) -> None:
    answer = post(endpoint, notification("web") | change)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_times_beyond_the_calendar_are_refused(endpoint: Endpoint) -> None:
    late = "9999-12-31T23:59:59Z"
    body = notification("web", state={"finishedAt": late}, reconciledAt=late, health={"status": "Progressing"})

    assert post(endpoint, body).status_code == 400
