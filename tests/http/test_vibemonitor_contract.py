"""Vibe Monitor's deployment webhook, by the number of its check in the contract."""

import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Source, Status
from tests.fakes import NOW, SECRET, Clock, key
from tests.http.endpoint import Endpoint, rejected

PATH = "/api/v1/deployments/webhook"
SHA = "abc123def456789012345678901234567890abcd"

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def monitor() -> Iterator[Endpoint]:
    with Endpoint(environments="production,staging") as running:
        yield running


def event(**changes: Any) -> dict[str, Any]:
    """The document's example, of a repository of its own; a change to ``...`` leaves the field out."""
    example = {
        "environment": "production",
        "repository": f"owner/repo-{next(_numbers)}",
        "branch": "main",
        "commit_sha": SHA,
        "status": "success",
        "source": "github_actions",
        "deployed_at": "2024-01-15T10:30:00Z",
        "extra_data": {"workflow_run_id": "12345"},
    }
    return {name: value for name, value in (example | changes).items() if value is not ...}


def post(endpoint: Endpoint, body: object, *, secret: str = SECRET, **headers: str) -> httpx.Response:
    return endpoint.send(PATH, body, secret=None, X_Workspace_Key=secret, Content_Type="application/json", **headers)


def accept(endpoint: Endpoint, **changes: Any) -> dict[str, Any]:
    answer = post(endpoint, event(**changes))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def refuse(endpoint: Endpoint, *, code: int = 422, **changes: Any) -> Any:
    """The detail with which it is refused; nothing of it is stored."""
    before = len(endpoint.stored())
    answer = post(endpoint, event(**changes))
    assert answer.status_code == code, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"detail"}
    assert len(endpoint.stored()) == before
    return answer.json()["detail"]


def test_c138_an_environment_that_is_not_configured_is_404(monitor: Endpoint) -> None:
    counted = rejected("not-found", "vibemonitor")

    assert refuse(monitor, code=404, environment="qa") == "Environment not found"
    assert rejected("not-found", "vibemonitor") == counted + 1


@pytest.mark.parametrize("name", ["Production", "PRODUCTION", " production", "production "])
def test_c139_environments_are_matched_case_and_all(monitor: Endpoint, name: str) -> None:
    refuse(monitor, code=404, environment=name)


@pytest.mark.parametrize("headers", [{}, {"X-Workspace-Key": "wrong"}, {"Authorization": f"Bearer {SECRET}"}])
def test_c140_a_missing_or_wrong_key_is_401_in_the_documents_words(monitor: Endpoint, headers: dict[str, str]) -> None:
    with monitor.client() as client:
        answer = client.post(PATH, json=event(), headers=headers)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


@pytest.mark.parametrize("field", ["environment", "repository"])
def test_c141_a_missing_field_is_422(monitor: Endpoint, field: str) -> None:
    missing: dict[str, Any] = {field: ...}

    [problem] = refuse(monitor, **missing)

    assert problem == {"loc": ["body", field], "msg": "Field required", "type": "missing"}


@pytest.mark.parametrize("sha", ["abc123", SHA + "0", "g" * 40, SHA[:-1] + " ", " ", f" {SHA}", 5, [], "main"])
def test_c142_and_c143_a_commit_that_is_not_40_hexadecimal_characters_is_422(monitor: Endpoint, sha: object) -> None:
    [problem] = refuse(monitor, commit_sha=sha)

    assert problem["loc"] == ["body", "commit_sha"]


def test_c142_upper_case_is_accepted(monitor: Endpoint) -> None:
    assert accept(monitor, commit_sha=SHA.upper())["commit_sha"] == SHA.upper()


def test_c143_empty_is_absent_for_branch_and_commit(monitor: Endpoint) -> None:
    told = accept(monitor, branch="", commit_sha="")

    assert (told["branch"], told["commit_sha"]) == (None, None)


@pytest.mark.parametrize(
    ("raw", "branch"),
    [("main", "main"), ("origin/main", "main"), ("refs/heads/main", "main"), ("feature/x", "feature/x")],
)
def test_c144_a_branch_is_kept_raw_and_normalised(monitor: Endpoint, raw: str, branch: str) -> None:
    body = event(branch=raw)

    answer = post(monitor, body)

    [stored] = monitor.deployments(body["repository"])
    assert answer.json()["branch"] == raw
    assert stored.branch == branch


@pytest.mark.parametrize(
    ("word", "status", "shown"),
    [
        ("pending", Status.PENDING, "pending"),
        ("in_progress", Status.STARTED, "in_progress"),
        ("success", Status.COMPLETED, "success"),
        ("failed", Status.FAILED, "failed"),
        ("cancelled", Status.ABORTED, "cancelled"),
        ("canceled", Status.ABORTED, "cancelled"),
        (..., Status.COMPLETED, "success"),
        (None, Status.COMPLETED, "success"),
    ],
)
def test_c145_c146_and_c176_statuses_are_read(monitor: Endpoint, word: object, status: Status, shown: str) -> None:
    body = event(status=word)

    answer = post(monitor, body)

    [stored] = monitor.deployments(body["repository"])
    assert stored.status is status
    assert answer.json()["status"] == shown


@pytest.mark.parametrize("word", ["done", "SUCCESS", "", "unknown", "started", 1, []])
def test_c145_any_other_status_is_422(monitor: Endpoint, word: object) -> None:
    assert refuse(monitor, status=word)[0]["loc"] == ["body", "status"]


@pytest.mark.parametrize("source", ["webhook", "github_actions", "argocd", "jenkins"])
def test_c147_each_documented_source_is_echoed(monitor: Endpoint, source: str) -> None:
    assert accept(monitor, source=source)["source"] == source


def test_c147_the_source_is_webhook_by_default_and_no_other_is_known(monitor: Endpoint) -> None:
    assert accept(monitor, source=...)["source"] == "webhook"
    for other in ("gitlab", "", "WEBHOOK", 1):
        assert refuse(monitor, source=other)[0]["loc"] == ["body", "source"]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-01-15T10:30:00Z", "2024-01-15T10:30:00Z"),
        ("2024-01-15T16:00:00.250+05:30", "2024-01-15T10:30:00.250Z"),
        ("2024-01-15T10:30:00", "2024-01-15T10:30:00Z"),
        (..., "2026-11-21T12:00:00Z"),
        (None, "2026-11-21T12:00:00Z"),
    ],
)
def test_c148_deployed_at_is_iso_8601_or_now(monitor: Endpoint, written: object, instant: str) -> None:
    assert accept(monitor, deployed_at=written)["deployed_at"] == instant


@pytest.mark.parametrize("written", ["yesterday", "", 1705314600, "1705314600", 1.5, "2024-02-30T00:00:00Z", [], True])
def test_c148_any_other_time_is_422(monitor: Endpoint, written: object) -> None:
    assert refuse(monitor, deployed_at=written)[0]["loc"] == ["body", "deployed_at"]


def test_c148_a_time_in_the_future_is_422_by_the_senders_name_for_it(monitor: Endpoint) -> None:
    [problem] = refuse(monitor, deployed_at="2036-01-01T00:00:00Z")

    assert problem["loc"] == ["body", "deployed_at"]
    assert problem["msg"].startswith("deployed_at 2036-01-01T00:00:00Z lies in the future")


def test_c149_extra_data_is_kept_as_json(monitor: Endpoint) -> None:
    body = event(extra_data={"nested": {"n": [1, True, None]}, "workflow_run_id": "12345"})

    post(monitor, body)

    [stored] = monitor.deployments(body["repository"])
    assert stored.metadata["nested"] == {"n": [1, True, None]}
    assert stored.metadata["workflow_run_id"] == "12345"


@pytest.mark.parametrize("value", ["x", [], 5, True])
def test_c149_extra_data_of_another_type_is_422(monitor: Endpoint, value: object) -> None:
    assert refuse(monitor, extra_data=value)[0]["loc"] == ["body", "extra_data"]


def test_c150_created_is_told_in_the_documents_fields(monitor: Endpoint) -> None:
    body = event()

    answer = post(monitor, body)

    shown = answer.json()
    assert answer.status_code == 201
    for name in ("id", "environment_id"):
        assert str(uuid.UUID(shown.pop(name)))
    assert shown == {
        "repo_full_name": body["repository"],
        "branch": "main",
        "commit_sha": SHA,
        "status": "success",
        "source": "github_actions",
        "deployed_at": "2024-01-15T10:30:00Z",
        "created_at": "2026-11-21T12:00:00Z",
    }


def test_c150_what_was_not_told_is_null(monitor: Endpoint) -> None:
    told = accept(monitor, branch=..., commit_sha=...)

    assert (told["branch"], told["commit_sha"]) == (None, None)


@pytest.mark.parametrize(
    ("written", "product"),
    [
        ("group/sub/project", "group/sub/project"),
        ("git@github.com:owner/repo", "owner/repo"),
        ("https://github.com/owner/repo.git", "owner/repo"),
    ],
)
def test_c151_the_repository_is_echoed_as_it_was_written(monitor: Endpoint, written: str, product: str) -> None:
    assert accept(monitor, repository=written)["repo_full_name"] == written
    assert monitor.deployments(product)


@pytest.mark.parametrize("end", ["success", "failed", "cancelled"])
def test_c152_progress_is_one_deployment_and_each_post_is_201(end: str) -> None:
    clock = Clock()
    with Endpoint(clock=clock, environments="production") as monitor:
        body = event(deployed_at=...)

        began = post(monitor, body | {"status": "in_progress"})
        clock.pass_by(seconds=90)
        ended = post(monitor, body | {"status": end})

        [stored] = monitor.deployments(body["repository"])
    assert (began.status_code, ended.status_code) == (201, 201)
    assert began.json()["id"] == ended.json()["id"]
    assert (began.json()["status"], ended.json()["status"]) == ("in_progress", end)
    assert stored.duration == timedelta(seconds=90)


def test_c152_a_backfill_of_three_days_is_three_deployments(monitor: Endpoint) -> None:
    body = event()
    days = [f"2024-01-{day}T10:30:00Z" for day in (15, 16, 17)]

    told = [post(monitor, body | {"deployed_at": day}).json() for day in [*days, *days]]

    assert [each["deployed_at"] for each in told] == days * 2
    assert told[:3] == told[3:]
    assert len(monitor.deployments(body["repository"])) == 3


def test_c152_the_documents_argo_cd_hook_tells_of_ends_only_and_each_is_kept() -> None:
    clock = Clock()
    hook = {
        "environment": "production",
        "repository": "owner/repo",
        "branch": "main",
        "status": "success",
        "source": "argocd",
        "extra_data": {"argocd_app": "my-app"},
    }
    with Endpoint(clock=clock, environments="production") as monitor:
        post(monitor, hook)
        clock.pass_by(minutes=4)
        post(monitor, hook | {"status": "failed"})
        clock.pass_by(minutes=4)
        post(monitor, hook | {"extra_data": {"argocd_app": "my-app", "build": 2}})

        stored = monitor.deployments("owner/repo")
    assert [each.status for each in stored] == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]
    assert [len(each.tellings) for each in stored] == [1, 1, 1]


def test_c152_another_commit_branch_environment_or_repository_is_another_deployment(monitor: Endpoint) -> None:
    body = event(status="in_progress")
    others = [
        body,
        body | {"commit_sha": "f" * 40},
        body | {"branch": "other"},
        body | {"environment": "staging"},
        event(status="in_progress"),
    ]

    assert len({post(monitor, each).json()["id"] for each in others}) == len(others)


def test_c091b_the_replay_window_holds_here_too() -> None:
    clock = Clock()
    with Endpoint(clock=clock, environments="production") as monitor:
        body = event(deployed_at=...)
        first = post(monitor, body).json()["id"]
        clock.pass_by(minutes=5)
        replayed = post(monitor, body).json()["id"]
        clock.pass_by(minutes=30)
        later = post(monitor, body).json()["id"]

    assert first == replayed != later


def test_c153_error_bodies_are_a_sentence_or_a_list(monitor: Endpoint) -> None:
    assert isinstance(refuse(monitor, code=404, environment="qa"), str)
    for changes in ({"environment": ...}, {"environment": 5}, {"repository": " "}, {"status": "x"}):
        [problem] = refuse(monitor, **changes)
        assert problem.keys() == {"loc", "msg", "type"}


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"null", b"{", b'{"a": "\xff"}'])
def test_c009_and_c153_what_is_no_json_object_is_422(monitor: Endpoint, body: bytes) -> None:
    answer = post(monitor, body)

    [problem] = answer.json()["detail"]
    assert answer.status_code == 422
    assert problem["loc"] == ["body"]


def test_c154_the_argo_cd_example_sends_neither_commit_nor_time(monitor: Endpoint) -> None:
    told = accept(monitor, commit_sha=..., deployed_at=..., extra_data=..., source="argocd")

    assert told["commit_sha"] is None
    assert told["deployed_at"] == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_c155_another_content_type_is_refused_and_nothing_is_stored(monitor: Endpoint, content_type: str) -> None:
    body = event()

    answer = monitor.send(PATH, body, secret=None, X_Workspace_Key=SECRET, Content_Type=content_type)

    assert 400 <= answer.status_code < 500
    assert answer.json().keys() == {"detail"}
    assert not monitor.deployments(body["repository"])


def test_c156_and_c140_environments_are_those_of_the_keys_workspace() -> None:
    keys = [
        key("of-a", name="a", workspace="team-a"),
        key("of-b", name="b", workspace="team-b"),
        key("of-none", name="none"),
    ]
    with Endpoint(ring=KeyRing(keys), environments="team-a/production,shared,/review/1") as monitor:
        codes = {
            (secret, name): post(monitor, event(environment=name), secret=secret).status_code
            for secret in ("of-a", "of-b", "of-none")
            for name in ("production", "shared", "team-a/production", "review/1")
        }
        own = post(monitor, event(environment="shared"), secret="of-a").json()["environment_id"]
        other = post(monitor, event(environment="shared"), secret="of-b").json()["environment_id"]

    assert codes == {
        ("of-a", "production"): 201,
        ("of-b", "production"): 404,
        ("of-none", "production"): 404,
        **{(secret, "shared"): 201 for secret in ("of-a", "of-b", "of-none")},
        **{(secret, "review/1"): 201 for secret in ("of-a", "of-b", "of-none")},
        **{(secret, "team-a/production"): 404 for secret in ("of-a", "of-b", "of-none")},
    }
    assert own != other


def test_c156_the_same_words_in_two_workspaces_are_two_deployments() -> None:
    keys = [key("of-a", name="a", workspace="team-a"), key("of-b", name="b", workspace="team-b")]
    with Endpoint(ring=KeyRing(keys), environments="production") as monitor:
        body = event()
        told = {post(monitor, body, secret=secret).json()["id"] for secret in ("of-a", "of-b")}

    assert len(told) == 2


def test_a_key_held_to_an_environment_is_403_elsewhere() -> None:
    with Endpoint(ring=KeyRing([key(environments=["staging"])]), environments="production,staging") as monitor:
        answer = post(monitor, event())

    assert answer.status_code == 403
    assert isinstance(answer.json()["detail"], str)


def test_c178_and_c179_who_deployed_and_who_told_are_kept(monitor: Endpoint) -> None:
    body = event(extra_data={"actor": "jane"})
    text = json.dumps(body, indent=1)

    post(monitor, text.encode())

    [listed] = monitor.get("/api/v1/deployments", product=body["repository"]).json()["items"]
    shown = monitor.get(f"/api/v1/deployments/{listed['id']}").json()
    assert (shown["deployed_by"], shown["commit"], shown["version"]) == ("jane", SHA, SHA)
    assert shown["source"] == Source.VIBEMONITOR
    [report] = shown["reports"]
    assert (report["reporter"], report["body"], report["raw_status"]) == ("ci", text, "success")
    assert datetime.fromisoformat(report["received_at"]) == NOW
    assert datetime.fromisoformat(report["at"]) == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
