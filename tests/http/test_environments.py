"""What runs where, asked over HTTP."""

from collections.abc import Iterator

import pytest

from tests.http.endpoint import Endpoint, event

PATH = "/api/v1/environments"


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    """Two versions of one product in production, one of another in staging, and a failure."""
    with Endpoint() as endpoint:
        for name, environment, image, day, status in (
            ("a", "production", "acme/web:1", 1, "success"),
            ("b", "production", "acme/web:2", 2, "success"),
            ("c", "production", "acme/web:3", 3, "failed"),
            ("d", "staging", "acme/web:3", 3, "success"),
        ):
            times = {"start_time": f"2025-09-0{day}T12:00:00Z", "end_time": f"2025-09-0{day}T12:01:00Z"}
            told = event(deployment_id=name, environment=environment, image=image, status=status, **times)
            assert endpoint.post(told | {"repo_url": "acme/web"}).status_code == 200
        yield endpoint


def test_the_newest_success_of_every_place_is_shown(filled: Endpoint) -> None:
    items = filled.get(PATH).json()["items"]

    assert [(each["environment"], each["product"], each["version"]) for each in items] == [
        ("production", "acme/web", "2"),
        ("staging", "acme/web", "3"),
    ]
    assert items[0]["since"] == "2025-09-02T12:01:00Z"


def test_what_ran_before_and_what_was_tried_last_is_told(filled: Endpoint) -> None:
    production = filled.get(PATH, environment="production").json()["items"][0]

    assert (production["previous"], production["latest"]["version"], production["latest"]["status"]) == (
        "1",
        "3",
        "failed",
    )


def test_it_can_be_exported(filled: Endpoint) -> None:
    answer = filled.get(PATH, format="csv")

    header, *rows = answer.text.splitlines()
    assert header.startswith("environment,product,version,commit,since")
    assert [row.split(",")[:3] for row in rows] == [["production", "acme/web", "2"], ["staging", "acme/web", "3"]]


def test_a_misspelt_filter_is_refused(filled: Endpoint) -> None:
    assert filled.get(PATH, enviroment="staging").status_code == 422
    assert filled.get(PATH, product="acme/none").json()["items"] == []


def test_one_environment_can_be_asked_for(filled: Endpoint) -> None:
    assert [each["version"] for each in filled.get(PATH, environment="staging").json()["items"]] == ["3"]


def test_a_key_is_needed(filled: Endpoint) -> None:
    assert filled.get(PATH, secret="nonsense").status_code == 401
