"""Hivel's Deployment Events API, v2, by the number of its check in the contract."""

import json
from datetime import UTC, datetime

import pytest

from deploytrail.record.model import Status, Trigger
from tests.fakes import NOW, SECRET
from tests.http.endpoint import HIVEL_PATH, Endpoint, event, record, refuse, rejected

REQUIRED = ("deployment_id", "event_type", "status", "start_time", "end_time", "repo_url", "environment", "branch")


def test_the_documents_example_is_recorded_whole(endpoint: Endpoint) -> None:
    stored = record(endpoint)

    assert stored.product == "hivelai/webhook-logger"
    assert stored.repository == "https://github.com/hivelai/webhook-logger"
    assert stored.environment == "production"
    assert stored.version == "v1.2.3"
    assert stored.commit == "abc123def456789012345678901234567890abcd"
    assert stored.branch == "main"
    assert stored.images == ("company/api-service:v1.2.3",)
    assert stored.pull_requests == ("71", "35", "23")
    assert stored.links.logs == "https://logs.example.com/deploy/20250922-1200"
    assert stored.metadata["build_number"] == "12345"
    assert stored.trigger is Trigger.API
    assert stored.status is Status.COMPLETED
    assert stored.event_type == "deployment.completed"
    assert stored.started_at == datetime(2025, 9, 22, 12, 0, tzinfo=UTC)
    assert stored.finished_at == datetime(2025, 9, 22, 12, 15, 30, tzinfo=UTC)


def test_c179_what_was_told_is_kept_with_who_told_it_and_when(endpoint: Endpoint) -> None:
    told = event(status="SUCCESS")
    body = json.dumps(told, indent=1)

    endpoint.post(body.encode())

    [stored] = endpoint.stored(told["deployment_id"])
    [telling] = stored.tellings
    assert (telling.body, telling.raw_status, telling.reporter) == (body, "SUCCESS", "ci")
    assert telling.received_at == NOW
    assert telling.at == datetime(2025, 9, 22, 12, 15, 30, tzinfo=UTC)
    assert SECRET not in stored.model_dump_json()


@pytest.mark.parametrize("headers", [{}, {"X-API-Token": "wrong"}, {"X-API-Token": ""}, {"Authorization": SECRET}])
def test_c112_a_missing_or_wrong_token_is_401(endpoint: Endpoint, headers: dict[str, str]) -> None:
    counted = rejected("authentication")

    with endpoint.client() as client:
        answer = client.post(HIVEL_PATH, json=event(), headers=headers)

    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized", "error": "Invalid API token"}
    assert rejected("authentication") == counted + 1


@pytest.mark.parametrize("field", REQUIRED)
def test_c113_and_c116_each_required_field_is_named_when_it_is_missing(endpoint: Endpoint, field: str) -> None:
    counted = rejected("missing-field")

    assert refuse(endpoint, **{field: ...}) == f"{field} is required"
    assert rejected("missing-field") == counted + 1


def test_c116_of_several_errors_the_first_in_the_documents_order_is_told(endpoint: Endpoint) -> None:
    assert refuse(endpoint, branch=..., event_type="started", end_time="x") == 'event_type must be "completed"'


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [[], {}, True])
def test_c116_a_required_field_of_another_type_is_named(endpoint: Endpoint, field: str, value: object) -> None:
    assert refuse(endpoint, **{field: value}).startswith(f"{field} ")


def test_c114_only_the_required_fields_are_enough(endpoint: Endpoint) -> None:
    optional = ("commit_hash", "pr_number", "pr_numbers", "build_number", "image", "logs_url")

    stored = record(endpoint, **dict.fromkeys(optional, ...))

    assert (stored.version, stored.commit, stored.images, stored.pull_requests) == (None, None, (), ())
    assert stored.links.logs is None


@pytest.mark.parametrize("kind", ["started", "Completed", "COMPLETED", "", " completed", None, 1])
def test_c115_any_other_event_type_is_refused(endpoint: Endpoint, kind: object) -> None:
    error = refuse(endpoint, event_type=kind)

    assert error == ("event_type is required" if kind is None else 'event_type must be "completed"')


def test_c136_success_is_told_in_the_documents_words(endpoint: Endpoint) -> None:
    answer = endpoint.post(event(deployment_id="deploy-20250922-1200"))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "message": "Deployment event stored successfully",
        "deployment_id": "deploy-20250922-1200",
        "success": True,
    }


def test_c137_the_same_id_with_another_content_is_409_and_changes_nothing(endpoint: Endpoint) -> None:
    told, counted = event(), rejected("conflict")
    endpoint.post(told)

    answer = endpoint.post(told | {"status": "failed"})

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 409
    assert answer.json() == {"message": "Validation failed", "error": "deployment_id must be unique"}
    assert stored.status is Status.COMPLETED
    assert len(stored.tellings) == 1
    assert rejected("conflict") == counted + 1


def test_c137b_the_same_id_with_another_start_is_another_deployment(endpoint: Endpoint) -> None:
    told = event(deployment_id="guestbook")

    answers = [endpoint.post(told), endpoint.post(told | {"start_time": "2025-09-22T12:01:00Z"})]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(endpoint.stored("guestbook")) == 2


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://github.com/hivelai/webhook-logger",
        "https://github.com/hivelai/webhook-logger.git",
        "git@github.com:hivelai/webhook-logger.git",
        "ssh://git@github.com/hivelai/webhook-logger",
        "hivelai/webhook-logger",
    ],
)
def test_c137c_all_ways_to_write_a_repository_are_one_product(endpoint: Endpoint, repo_url: str) -> None:
    assert record(endpoint, repo_url=repo_url).product == "hivelai/webhook-logger"


def test_c137c_a_url_without_a_repository_is_refused(endpoint: Endpoint) -> None:
    assert refuse(endpoint, repo_url="https://github.com/") == "repo_url names no repository"


@pytest.mark.parametrize(
    ("number", "numbers", "kept"),
    [
        ("71", [71, 35, 23], ("71", "35", "23")),
        (71, ["35", 23], ("71", "35", "23")),
        ("", [], ()),
        (..., [5], ("5",)),
        ("7", ..., ("7",)),
    ],
)
def test_c137d_pull_requests_may_be_numbers_or_text(
    endpoint: Endpoint, number: object, numbers: object, kept: tuple[str, ...]
) -> None:
    assert record(endpoint, pr_number=number, pr_numbers=numbers).pull_requests == kept


@pytest.mark.parametrize("numbers", ["71", 71, [[71]], [{}], [True]])
def test_c137d_pull_requests_of_another_type_are_refused(endpoint: Endpoint, numbers: object) -> None:
    assert refuse(endpoint, pr_numbers=numbers) == "pr_numbers must be a list of numbers"


def test_c137e_any_environment_will_do_as_it_is(endpoint: Endpoint) -> None:
    for environment in ("production", "Ümgebung 7", "a/b:c", " dev"):
        assert record(endpoint, environment=environment).environment == environment


@pytest.mark.parametrize("field", ["branch", "environment", "repo_url", "deployment_id"])
@pytest.mark.parametrize("blank", ["", "  ", "\n", "\x1c"])
def test_c137e_a_required_text_must_not_be_blank(endpoint: Endpoint, field: str, blank: str) -> None:
    assert refuse(endpoint, **{field: blank}) == f"{field} must not be empty"


@pytest.mark.parametrize(("number", "kept"), [("12345", "12345"), (12345, "12345"), (1.5, "1.5")])
def test_c137e_a_build_number_may_be_a_number(endpoint: Endpoint, number: object, kept: str) -> None:
    assert record(endpoint, build_number=number).metadata["build_number"] == kept


def test_c137e_a_commit_of_any_length_is_accepted(endpoint: Endpoint) -> None:
    short, odd = record(endpoint, commit_hash="abc123", image=...), record(endpoint, commit_hash="r4711", image=...)

    assert (short.commit, short.version) == ("abc123", "abc123")
    assert (odd.commit, odd.version, odd.metadata["commit_hash"]) == (None, "r4711", "r4711")


def test_c137f_a_timestamp_is_ignored(endpoint: Endpoint) -> None:
    told = event(timestamp="2025-09-22T12:00:00Z")

    answers = [endpoint.post(told), endpoint.post(told | {"timestamp": "nonsense"})]

    [stored] = endpoint.stored(told["deployment_id"])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "timestamp" not in stored.metadata


def test_a_text_too_long_to_keep_is_refused_by_the_name_the_sender_used(endpoint: Endpoint) -> None:
    assert refuse(endpoint, logs_url="x" * 5000) == "logs_url is longer than 4096 characters"
    assert refuse(endpoint, branch="x" * 5000) == "branch is longer than 4096 characters"
    assert refuse(endpoint, environment="x" * 600) == "environment is longer than 512 characters"
    assert refuse(endpoint, deployment_id="x" * 600) == "deployment_id is longer than 512 characters"
    assert refuse(endpoint, pr_numbers=list(range(2000))) == "pr_numbers has more than 1000 items"
