"""C137g: the first version of Hivel's API, as its older public pages show it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploytrail.record.model import Status
from tests.fakes import SECRET
from tests.http.apis import product
from tests.http.endpoint import Endpoint

PATH = "/hivelapi/v1/deployment"


def event(**changes: Any) -> dict[str, Any]:
    return {
        "deployment_id": "deploy-1",
        "event_type": "completed",
        "status": "success",
        "repo_url": f"https://github.com/{product()}",
        "commit_hash": "abc123def456789012345678901234567890abcd",
        "timestamp": "2025-09-22T12:15:30Z",
        "environment": "production",
    } | changes


def post(endpoint: Endpoint, body: dict[str, Any]) -> httpx.Response:
    return endpoint.send(PATH, body, secret=None, X_API_Token=SECRET, Content_Type="application/json")


def test_c137g_start_and_end_are_one_deployment(endpoint: Endpoint) -> None:
    body = event()
    name = body["repo_url"].removeprefix("https://github.com/")

    began = post(endpoint, body | {"event_type": "started", "timestamp": "2025-09-22T12:00:00Z"})
    ended = post(endpoint, body)

    [stored] = endpoint.deployments(name)
    assert began.json() == ended.json()
    assert ended.json()["message"] == "Success"
    assert isinstance(ended.json()["deployment_id"], int)
    assert stored.status is Status.COMPLETED
    assert stored.duration == timedelta(minutes=15, seconds=30)


def test_c137g_the_oldest_page_sends_a_bearer_token_and_few_fields(endpoint: Endpoint) -> None:
    name = product()
    body = {
        "repo_url": f"https://github.com/{name}.git",
        "commit_hash": "d30b9416",
        "timestamp": "2024-08-01T12:34:56Z",
        "environment": "staging",
        "build_number": "build-2024-08-01-001",
        "pr_number": "44",
    }

    answers = [endpoint.send(PATH, body) for _ in range(2)]

    [stored] = endpoint.deployments(name)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (stored.commit, stored.pull_requests) == ("d30b9416", ("44",))
    assert stored.metadata == {"build_number": "build-2024-08-01-001"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"repo_url": None}, "repo_url is required"),
        ({"timestamp": "soon"}, "timestamp is not a time"),
        ({"event_type": "begun"}, 'event_type must be "started" or "completed"'),
        ({"environment": " "}, "environment must not be empty"),
        ({"status": 5}, "status has the wrong type"),
    ],
)
def test_c137g_what_is_wrong_is_told_as_in_v2(endpoint: Endpoint, changes: dict[str, Any], error: str) -> None:
    answer = post(endpoint, event(**changes))

    assert answer.status_code == 400
    assert answer.json()["message"] == "Validation failed"
    assert answer.json()["error"].startswith(error)
