"""GitHub's webhooks, with bodies written after its documentation."""

import hmac
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Source, Status
from tests.fakes import NOW, SECRET, key
from tests.http.apis import product
from tests.http.endpoint import Endpoint

PATH = "/api/hooks/github"
SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"

_numbers = itertools.count(1)


def repository(name: str) -> dict[str, Any]:
    return {"id": 186853002, "full_name": name, "html_url": f"https://github.com/{name}", "private": False}


def deployment(name: str, **changes: Any) -> dict[str, Any]:
    status = {
        "id": 1115122403,
        "state": "success",
        "creator": {"login": "octocat"},
        "description": "",
        "environment": "production",
        "target_url": f"https://ci.example.com/{name}/7",
        "log_url": f"https://ci.example.com/{name}/7",
        "environment_url": "https://shop.example.com",
        "created_at": "2026-05-15T15:20:53Z",
        "updated_at": "2026-05-15T15:20:53Z",
    } | changes
    return {
        "action": "created",
        "deployment_status": status,
        "deployment": {
            "id": next(_numbers),
            "sha": SHA,
            "ref": "v1.2.3",
            "task": "deploy",
            "payload": {"tenant": "acme"},
            "environment": "production",
            "creator": {"login": "octocat"},
            "created_at": "2026-05-15T15:20:50Z",
        },
        "check_run": None,
        "workflow_run": None,
        "repository": repository(name),
        "sender": {"login": "octocat"},
    }


def run(name: str, **changes: Any) -> dict[str, Any]:
    told = {
        "id": next(_numbers),
        "run_attempt": 1,
        "run_number": 562,
        "name": "Build",
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "head_sha": SHA,
        "head_branch": "main",
        "html_url": f"https://github.com/{name}/actions/runs/30433642",
        "actor": {"login": "octocat"},
        "triggering_actor": {"login": "hubot"},
        "created_at": "2026-01-22T19:33:08Z",
        "run_started_at": "2026-01-22T19:33:08Z",
        "updated_at": "2026-01-22T19:35:38Z",
    } | changes
    return {"action": "completed", "workflow_run": told, "workflow": {"id": 1}, "repository": repository(name)}


def signature(content: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.digest(secret.encode(), content, 'sha256').hex()}"


def post(
    endpoint: Endpoint, body: object, *, event: str = "deployment_status", signed: str | None = None
) -> httpx.Response:
    content = json.dumps(body).encode()
    said = {
        "X_GitHub_Event": event,
        "X_GitHub_Delivery": f"72d3162e-cc78-11e3-81ab-{next(_numbers):012}",
        "X_Hub_Signature_256": signature(content) if signed is None else signed,
    }
    return endpoint.send(PATH, content, secret=None, Content_Type="application/json", **said)


def test_a_deployment_status_is_recorded(endpoint: Endpoint) -> None:
    name = product()

    answer = post(endpoint, deployment(name))

    [stored] = endpoint.deployments(name)
    assert (answer.status_code, answer.json()) == (200, {"id": stored.id})
    assert (stored.environment, stored.version, stored.commit, stored.branch) == ("production", "v1.2.3", SHA, "v1.2.3")
    assert stored.repository == f"https://github.com/{name}"
    assert stored.finished_at == datetime(2026, 5, 15, 15, 20, 53, tzinfo=UTC)
    assert (stored.deployed_by, stored.source, stored.status) == ("octocat", Source.GITHUB, Status.COMPLETED)
    assert stored.links.build == f"https://ci.example.com/{name}/7"
    assert stored.links.ui == "https://shop.example.com"
    assert stored.metadata == {"task": "deploy", "payload": {"tenant": "acme"}}


def post_form(endpoint: Endpoint, content: bytes, **headers: str) -> httpx.Response:
    said = {"Content_Type": "application/x-www-form-urlencoded", "X_GitHub_Event": "deployment_status"}
    return endpoint.send(PATH, content, secret=None, **said | {"X_Hub_Signature_256": signature(content)} | headers)


def test_a_form_is_read_too_as_a_new_webhook_sends_one_by_default(endpoint: Endpoint) -> None:
    name = product()
    body = deployment(name, description="100 % über & done + more") | {"action": "created"}
    text = json.dumps(body, ensure_ascii=False)

    answer = post_form(endpoint, urlencode({"payload": text}).encode())
    again = post(endpoint, body)

    [stored] = endpoint.deployments(name)
    assert (answer.status_code, answer.json()) == (200, {"id": stored.id})
    assert again.json() == answer.json()
    assert [telling.body for telling in stored.tellings] == [text]


def test_the_signature_of_a_form_is_that_of_its_bytes(endpoint: Endpoint) -> None:
    content = urlencode({"payload": (text := json.dumps(deployment(product())))}).encode()

    answer = post_form(endpoint, content, X_Hub_Signature_256=signature(text.encode()))

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid signature"})


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "the form has no field payload"),
        (b"payload=", "the form has no field payload"),
        (b"data=%7B%7D", "the form has no field payload"),
        (b"payload=%7B", "the body is not valid JSON"),
        (b"payload=%5B%5D", "the body must be a JSON object"),
        (b"payload=%7B%22a%22%3A%22%ff%22%7D", "the body is not valid UTF-8"),
        (b"payload=\xff", "the body is not valid UTF-8"),
        (b"payload=%7B%22a%22%3A%22%00%22%7D", "the body is not valid JSON"),
    ],
)
def test_a_form_without_a_payload_is_refused(endpoint: Endpoint, content: bytes, error: str) -> None:
    answer = post_form(endpoint, content)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_form_of_countless_fields_is_refused(endpoint: Endpoint) -> None:
    assert post_form(endpoint, b"a=1&" * 101 + b"payload=%7B%7D").status_code == 413


def test_states_of_one_deployment_are_one_record_in_any_order(endpoint: Endpoint) -> None:
    states = [("queued", "15:20:00"), ("in_progress", "15:21:00"), ("failure", "15:23:30")]
    for order in itertools.permutations(states):
        name = product()
        body = deployment(name)

        for state, at in order:
            told = body["deployment_status"] | {"state": state, "created_at": f"2026-05-15T{at}Z"}
            assert post(endpoint, body | {"deployment_status": told}).status_code == 200

        [stored] = endpoint.deployments(name)
        assert stored.status is Status.FAILED
        assert stored.duration == timedelta(minutes=2, seconds=30)
        assert len(stored.tellings) == 3


def test_a_redelivery_is_a_replay(endpoint: Endpoint) -> None:
    name = product()
    body = deployment(name)

    answers = [post(endpoint, body) for _ in range(3)]

    [stored] = endpoint.deployments(name)
    assert [answer.json() for answer in answers] == [{"id": stored.id}] * 3
    assert len(stored.tellings) == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("pending", Status.PENDING),
        ("queued", Status.PENDING),
        ("waiting", Status.PENDING),
        ("in_progress", Status.STARTED),
        ("success", Status.COMPLETED),
        ("failure", Status.FAILED),
        ("error", Status.FAILED),
    ],
)
def test_each_state_of_a_deployment_is_read(endpoint: Endpoint, state: str, status: Status) -> None:
    name = product()

    post(endpoint, deployment(name, state=state))

    assert endpoint.deployments(name)[0].status is status


def test_a_replaced_deployment_stays_what_it_was(endpoint: Endpoint) -> None:
    name = product()
    body = deployment(name)
    post(endpoint, body)

    answer = post(endpoint, body | {"deployment_status": body["deployment_status"] | {"state": "inactive"}})

    [stored] = endpoint.deployments(name)
    assert answer.json() == {"ignored": "a deployment that a newer one replaced stays what it was"}
    assert (stored.status, len(stored.tellings)) == (Status.COMPLETED, 1)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (("requested", None), Status.PENDING),
        (("queued", None), Status.PENDING),
        (("waiting", None), Status.PENDING),
        (("pending", None), Status.PENDING),
        (("in_progress", None), Status.STARTED),
        (("completed", "success"), Status.COMPLETED),
        (("completed", "neutral"), Status.COMPLETED),
        (("completed", "failure"), Status.FAILED),
        (("completed", "timed_out"), Status.FAILED),
        (("completed", "startup_failure"), Status.FAILED),
        (("completed", "cancelled"), Status.ABORTED),
        (("completed", "skipped"), Status.ABORTED),
        (("completed", "stale"), Status.ABORTED),
        (("completed", "action_required"), Status.PENDING),
    ],
)
def test_each_state_of_a_run_is_read(endpoint: Endpoint, told: tuple[str, str | None], status: Status) -> None:
    name = product()

    answer = post(endpoint, run(name, status=told[0], conclusion=told[1]), event="workflow_run")

    assert answer.status_code == 200
    assert endpoint.builds(name)[0].status is status


def test_a_run_is_a_build_of_its_release_or_commit_and_another_attempt_is_another(endpoint: Endpoint) -> None:
    branch, release = product(), product()
    body = run(branch)

    for told in (body, body | {"workflow_run": body["workflow_run"] | {"run_attempt": 2}}):
        post(endpoint, told, event="workflow_run")
    post(endpoint, run(release, head_branch="v1.2.3"), event="workflow_run")

    second, first = endpoint.builds(branch)
    [of_release] = endpoint.builds(release)
    assert first.id != second.id
    assert (first.version, first.commit, first.branch, first.built_by) == (SHA, SHA, "main", "hubot")
    assert first.duration == timedelta(minutes=2, seconds=30)
    assert first.metadata == {"workflow": "Build", "event": "push"}
    assert (of_release.version, of_release.commit, of_release.branch) == ("v1.2.3", SHA, None)


@pytest.mark.parametrize("event", ["ping", "push", "deployment", "star"])
def test_other_events_are_answered_and_ignored(endpoint: Endpoint, event: str) -> None:
    before = len(endpoint.recorded())

    answer = post(endpoint, {"zen": "Keep it logically awesome.", "hook_id": 1}, event=event)

    assert answer.status_code == 200
    assert answer.json() == {"ignored": "only deployment_status and workflow_run events are recorded"}
    assert len(endpoint.recorded()) == before


@pytest.mark.parametrize(
    "forge",
    [
        lambda content: "",
        lambda content: SECRET,
        lambda content: f"sha256={SECRET}",
        lambda content: signature(content, "another-secret-of-somebody"),
        lambda content: signature(content + b" "),
        lambda content: signature(content).removeprefix("sha256="),
        lambda content: signature(content).replace("sha256=", "sha1="),
        lambda content: signature(content).upper(),
        lambda content: signature(content)[:-1],
        lambda content: "sha256=" + "é" * 64,
    ],
)
def test_a_forged_signature_is_401_and_leaves_no_trace(endpoint: Endpoint, forge: Any) -> None:
    name = product()
    body = deployment(name)
    content = json.dumps(body).encode()

    with endpoint.client() as client:
        headers = {"X-Hub-Signature-256": forge(content).encode("utf-8"), "X-GitHub-Event": "deployment_status"}
        answer = client.post(PATH, content=content, headers=headers | {"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid signature"})
    assert not endpoint.deployments(name)


def test_the_key_itself_opens_nothing_here(endpoint: Endpoint) -> None:
    answer = endpoint.send(PATH, deployment(product()), X_GitHub_Event="ping")

    assert answer.status_code == 401


def test_every_signing_key_is_tried_and_only_those_in_force_for_github() -> None:
    ring = KeyRing(
        [
            key("first-secret-of-github", name="first", apis=["github"], signing=True),
            key("second-secret-of-github", name="second", apis=["github"], signing=True),
            key("expired-secret-of-github", name="expired", expires_at=NOW, signing=True),
            key("secret-for-gitlab-only", name="gitlab", apis=["gitlab"], signing=True),
            key("never-kept-in-the-clear", name="digest"),
        ]
    )
    codes = {}
    with Endpoint(ring=ring) as running:
        for secret in (
            "first-secret-of-github",
            "second-secret-of-github",
            "expired-secret-of-github",
            "secret-for-gitlab-only",
            "never-kept-in-the-clear",
        ):
            name = product()
            body = deployment(name)
            answer = post(running, body, signed=signature(json.dumps(body).encode(), secret))
            codes[secret] = (answer.status_code, [d.tellings[0].reporter for d in running.deployments(name)])

    assert codes == {
        "first-secret-of-github": (200, ["first"]),
        "second-secret-of-github": (200, ["second"]),
        "expired-secret-of-github": (401, []),
        "secret-for-gitlab-only": (401, []),
        "never-kept-in-the-clear": (401, []),
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"deployment": None}, "deployment is required"),
        ({"deployment_status": None}, "deployment_status is required"),
        ({"repository": {}}, "repository.full_name is required"),
        (
            {"deployment_status": {"state": "exploded", "created_at": "2026-01-01T12:00:00Z"}},
            "deployment_status.state is no state of GitHub's",
        ),
        (
            {"deployment_status": {"state": "success", "created_at": "soon"}},
            "deployment_status.created_at has the wrong type or is no value of GitHub's",
        ),
    ],
)
def test_what_is_wrong_is_named(endpoint: Endpoint, changes: dict[str, Any], error: str) -> None:
    name = product()

    answer = post(endpoint, deployment(name) | changes)

    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert not endpoint.deployments(name)
