"""GitLab's webhooks, with the bodies its documentation shows."""

import hmac
import itertools
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Source, Status
from tests.fakes import NOW, SECRET, key
from tests.http.apis import product
from tests.http.endpoint import Endpoint

PATH = "/api/hooks/gitlab"
SHA = "279484c09fbe69ededfced8c1bb6e6d24616b468"

_numbers = itertools.count(1)


def project(name: str) -> dict[str, Any]:
    return {
        "id": 30,
        "name": "test-deployment-webhooks",
        "path_with_namespace": name,
        "web_url": f"https://gitlab.example.com/{name}",
        "git_http_url": f"https://gitlab.example.com/{name}.git",
    }


def deployment(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "status": "success",
        "status_changed_at": "2021-04-28 21:50:00 +0200",
        "deployment_id": next(_numbers),
        "deployable_id": 796,
        "deployable_url": f"https://gitlab.example.com/{name}/-/jobs/796",
        "environment": "staging",
        "environment_tier": "staging",
        "environment_slug": "staging",
        "project": project(name),
        "short_sha": SHA[:8],
        "user": {"id": 1, "name": "Administrator", "username": "root"},
        "user_url": "https://gitlab.example.com/root",
        "commit_url": f"https://gitlab.example.com/{name}/-/commit/{SHA}",
        "commit_title": "Add new file",
        "ref": "v1.2.3",
    } | changes


def pipeline(name: str, **changes: Any) -> dict[str, Any]:
    attributes = {
        "id": next(_numbers),
        "iid": 3,
        "ref": "master",
        "tag": False,
        "sha": SHA,
        "source": "merge_request_event",
        "status": "success",
        "detailed_status": "passed",
        "created_at": "2016-08-12 15:23:28 UTC",
        "finished_at": "2016-08-12 15:26:29 UTC",
        "duration": 63,
        "url": f"https://gitlab.example.com/{name}/-/pipelines/31",
    } | changes
    return {
        "object_kind": "pipeline",
        "object_attributes": attributes,
        "user": {"username": "root"},
        "project": project(name),
        "builds": [{"id": 380, "stage": "deploy", "status": "skipped"}],
    }


def post(endpoint: Endpoint, body: object, *, secret: str = SECRET) -> httpx.Response:
    said = {"X_Gitlab_Token": secret, "X_Gitlab_Event": "Deployment Hook", "Content_Type": "application/json"}
    return endpoint.send(PATH, body, secret=None, **said)


def test_the_documentations_deployment_is_recorded(endpoint: Endpoint) -> None:
    name = product()

    answer = post(endpoint, deployment(name))

    [stored] = endpoint.deployments(name)
    assert answer.status_code == 200
    assert (stored.environment, stored.version, stored.commit, stored.branch) == ("staging", "v1.2.3", SHA, "v1.2.3")
    assert stored.repository == f"https://gitlab.example.com/{name}"
    assert stored.finished_at == datetime(2021, 4, 28, 19, 50, tzinfo=UTC)
    assert (stored.deployed_by, stored.source) == ("root", Source.GITLAB)
    assert stored.links.build == f"https://gitlab.example.com/{name}/-/jobs/796"
    assert stored.metadata["commit_title"] == "Add new file"


def test_states_of_one_deployment_are_one_record_with_a_duration(endpoint: Endpoint) -> None:
    name = product()
    body = deployment(name, ref="main")

    for status, minute in (("created", 48), ("running", 49), ("success", 50), ("running", 49)):
        told = body | {"status": status, "status_changed_at": f"2021-04-28 21:{minute}:00 +0200"}
        assert post(endpoint, told).status_code == 200

    [stored] = endpoint.deployments(name)
    assert stored.status is Status.COMPLETED
    assert stored.duration == timedelta(minutes=1)
    assert stored.version == SHA
    assert len(stored.tellings) == 3


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("created", Status.PENDING),
        ("blocked", Status.PENDING),
        ("waiting_for_callback", Status.PENDING),
        ("running", Status.STARTED),
        ("success", Status.COMPLETED),
        ("failed", Status.FAILED),
        ("canceled", Status.ABORTED),
        ("skipped", Status.ABORTED),
    ],
)
def test_each_status_is_read(endpoint: Endpoint, word: str, status: Status) -> None:
    deployed, built = product(), product()

    post(endpoint, deployment(deployed, status=word))
    post(endpoint, pipeline(built, status=word, finished_at=None))

    assert endpoint.deployments(deployed)[0].status is status
    assert endpoint.builds(built)[0].status is status


def test_a_pipeline_is_a_build_of_its_tag_or_commit(endpoint: Endpoint) -> None:
    branch, tag = product(), product()

    post(endpoint, pipeline(branch))
    post(endpoint, pipeline(tag, ref="v1.2.3", tag=True))

    [of_branch], [of_tag] = endpoint.builds(branch), endpoint.builds(tag)
    assert (of_branch.version, of_branch.branch) == (SHA, "master")
    assert (of_tag.version, of_tag.commit, of_tag.branch) == ("v1.2.3", SHA, None)
    assert of_branch.duration == timedelta(minutes=3, seconds=1)
    assert of_branch.built_by == "root"


@pytest.mark.parametrize(
    ("commit", "committed_at"),
    [
        ({"timestamp": "2016-05-25T15:43:59+02:00"}, datetime(2016, 5, 25, 13, 43, 59, tzinfo=UTC)),
        ({"timestamp": "soon"}, None),
        ("abc", None),
        (None, None),
    ],
)
def test_a_pipeline_tells_when_its_commit_was_made(
    endpoint: Endpoint, commit: object, committed_at: datetime | None
) -> None:
    name = product()

    answer = post(endpoint, pipeline(name) | {"commit": commit})

    assert answer.status_code == 200
    assert [each.committed_at for each in endpoint.builds(name)] == [committed_at]


@pytest.mark.parametrize(
    "body",
    [
        {"object_kind": "push", "event_name": "push", "ref": "refs/heads/main"},
        {"object_kind": "tag_push", "event_name": "tag_push"},
        {"object_kind": "build", "build_status": "success"},
        {"object_kind": "merge_request", "object_attributes": {"status": "success"}},
        {"object_kind": "of_next_year"},
        {"event_name": "user_add_to_group"},
        {"event_name": "subgroup_create"},
    ],
)
def test_other_events_are_ignored_lest_gitlab_disable_the_hook(endpoint: Endpoint, body: dict[str, Any]) -> None:
    name = product()

    answer = post(endpoint, body | {"project": project(name)})

    assert (answer.status_code, answer.json()) == (200, {"ignored": "only deployment and pipeline events are recorded"})
    assert not endpoint.deployments(name)
    assert not endpoint.builds(name)


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_a_wrong_secret_token_is_401(endpoint: Endpoint, secret: str) -> None:
    answer = post(endpoint, deployment(product()), secret=secret)

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid secret token or signature"})


SIGNING = f"whsec_{b64encode(bytes(range(32))).decode()}"


@pytest.fixture(scope="module")
def signed() -> Iterator[Endpoint]:
    """Who has the signing token is known here, and somebody else with one of their own."""
    other = f"whsec_{b64encode(bytes(32)).decode()}"
    known = [
        key(each, name=name, apis=["gitlab"], signing=True) for name, each in (("other", other), ("hook", SIGNING))
    ]
    with Endpoint(ring=KeyRing([*known, key(name="plain")])) as running:
        yield running


def sign(content: bytes, *, at: datetime = NOW, name: str = "msg_1", token: str = SIGNING) -> dict[str, str]:
    """As Standard Webhooks says, and GitLab does when a webhook has a signing token."""
    second = str(int(at.timestamp()))
    secret = b64decode(token.removeprefix("whsec_"))
    made = hmac.digest(secret, f"{name}.{second}.".encode() + content, "sha256")
    return {
        "webhook_id": name,
        "webhook_timestamp": second,
        "webhook_signature": f"v1,{b64encode(made).decode()}",
        "Content_Type": "application/json",
    }


def test_a_body_signed_with_the_signing_token_is_recorded(signed: Endpoint) -> None:
    name = product()
    content = json.dumps(deployment(name), indent=1).encode()

    answer = signed.send(PATH, content, secret=None, **sign(content))

    [stored] = signed.deployments(name)
    assert answer.status_code == 200
    assert stored.tellings[0].reporter == "hook"


def test_one_of_several_signatures_is_enough_while_the_token_is_changed(signed: Endpoint) -> None:
    name = product()
    content = json.dumps(deployment(name)).encode()
    said = sign(content)
    said["webhook_signature"] = f"v1a,new v1,{b64encode(bytes(32)).decode()} {said['webhook_signature']}"

    assert signed.send(PATH, content, secret=None, **said).status_code == 200


def test_the_signing_token_is_hidden_should_the_body_hold_it(signed: Endpoint) -> None:
    name = product()
    content = json.dumps(deployment(name, commit_title=f"Oh {SIGNING}")).encode()

    signed.send(PATH, content, secret=None, **sign(content))

    assert signed.deployments(name)[0].metadata["commit_title"] == "Oh ***"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_id": "msg_2"},
        {"webhook_timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "9" * 30},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,!"},
        {"webhook_signature": f"v1,{b64encode(bytes(32)).decode()}"},
        {"webhook_signature": "v2," + "a" * 43 + "="},
        {"X_Gitlab_Token": "wrong"},
    ],
)
def test_a_signature_that_is_not_of_this_request_is_401(signed: Endpoint, changes: dict[str, str]) -> None:
    name = product()
    content = json.dumps(deployment(name)).encode()

    answer = signed.send(PATH, content, secret=None, **sign(content) | changes)

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid secret token or signature"})
    assert not signed.deployments(name)


@pytest.mark.parametrize(("minutes", "code"), [(-5, 200), (5, 200), (-6, 401), (6, 401)])
def test_a_signature_is_good_for_five_minutes(signed: Endpoint, minutes: int, code: int) -> None:
    content = json.dumps(deployment(product())).encode()

    answer = signed.send(PATH, content, secret=None, **sign(content, at=NOW + timedelta(minutes=minutes)))

    assert answer.status_code == code


def test_a_key_that_is_not_kept_itself_signs_nothing(signed: Endpoint) -> None:
    content = json.dumps(deployment(product())).encode()
    plain = f"whsec_{b64encode(SECRET.encode()).decode()}"

    assert signed.send(PATH, content, secret=None, **sign(content, token=plain)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"object_kind": None}, "object_kind must name an event of GitLab's"),
        ({"object_kind": "Deployment"}, "object_kind must name an event of GitLab's"),
        ({"object_kind": ["deployment"]}, "object_kind must name an event of GitLab's"),
        ({"status": "exploded"}, "status is no status of GitLab's"),
        ({"environment": None}, "environment is required"),
        ({"project": {}}, "project.path_with_namespace is required"),
        ({"status_changed_at": "soon"}, "status_changed_at has the wrong type or is no value of GitLab's"),
        ({"deployment_id": []}, "deployment_id has the wrong type or is no value of GitLab's"),
    ],
)
def test_what_is_wrong_is_named(endpoint: Endpoint, changes: dict[str, Any], error: str) -> None:
    name = product()

    answer = post(endpoint, deployment(name, **changes))

    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert not endpoint.deployments(name)
