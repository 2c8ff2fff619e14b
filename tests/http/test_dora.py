"""DORA metrics and marks, asked and told over HTTP."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.stores.memory import MemoryStore
from tests.fakes import NOW, SECRET, key
from tests.http.endpoint import Endpoint, event

PATH = "/api/v1/dora"
ASKED = {"since": "2025-09-01", "until": "2025-10-01"}
LIMITED, READER = "dtk_limited_0123456789abcdef", "dtk_reader_0123456789abcdef"


@pytest.fixture
def filled() -> Iterator[Endpoint]:
    """1 runs, 2 fails, 3 runs, and is rolled back from to 1; once on staging."""
    limited = key(LIMITED, name="limited", products=["other"], scopes=[Scope.READ, Scope.INGEST])
    ring = KeyRing([key(), limited, key(READER, name="reader", scopes=[Scope.READ])])
    with Endpoint(MemoryStore(began=NOW), ring=ring) as endpoint:
        for name, day, image, status, environment in (
            ("a", 1, "1", "success", "production"),
            ("b", 2, "2", "failed", "production"),
            ("c", 3, "3", "success", "production"),
            ("d", 4, "1", "success", "production"),
            ("e", 4, "1", "canceled", "production"),
            ("f", 5, "1", "success", "staging"),
        ):
            times = {"start_time": f"2025-09-0{day}T11:00:00Z", "end_time": f"2025-09-0{day}T12:00:00Z"}
            told = event(deployment_id=name, image=f"acme/web:{image}", status=status, environment=environment, **times)
            assert endpoint.post(told | {"repo_url": "acme/web"}).status_code == 200
        yield endpoint


def patch(endpoint: Endpoint, record: str, body: Any, secret: str = SECRET) -> httpx.Response:
    return endpoint.send(f"/api/v1/deployments/{record}", body, method="PATCH", secret=secret)


def record_of(endpoint: Endpoint, version: str) -> str:
    (found,) = endpoint.get("/api/v1/deployments", version=version).json()["items"]
    return str(found["id"])


def test_five_figures_each_with_the_deployments_behind_it(filled: Endpoint) -> None:
    answer = filled.get(PATH, **ASKED).json()

    total = answer["total"]
    assert (answer["since"], answer["until"]) == ("2025-09-01", "2025-10-01")
    assert answer["environments"] == ["production", "prod"]
    assert total["deployments"] == 4
    assert total["deployment_frequency"]["deployments"] == 3
    assert total["deployment_frequency"]["days"] == 30
    assert total["change_failure_rate"] == {
        "value": 0.5, "deployments": 2, "of": 4, "kinds": {"failed": 1, "rolled-back": 1}, "band": "low",
    }  # fmt: skip
    assert total["failed_deployment_recovery_time"]["value"] == pytest.approx(86400, rel=0.05)
    assert total["failed_deployment_recovery_time"]["deployments"] == 2
    assert total["failed_deployment_recovery_time"]["unrecovered"] == 0
    assert total["rework_rate"]["kinds"] == {"fix": 1, "rollback": 1}
    assert total["lead_time"]["value"] is None
    assert total["not_counted"] == {"aborted": 1}
    assert set(answer["formulas"]) == set(answer["bands"]) | {"rework_rate"}
    assert answer["bands_year"] == 2024


def test_a_plot_has_every_bucket(filled: Endpoint) -> None:
    series = filled.get(PATH, bucket="week", **ASKED).json()["series"]

    assert [each["since"] for each in series] == ["2025-09-01", "2025-09-08", "2025-09-15", "2025-09-22", "2025-09-29"]
    assert [each["deployments"] for each in series] == [4, 0, 0, 0, 0]


def test_products_are_told_apart_page_by_page(filled: Endpoint) -> None:
    times = {"start_time": "2025-09-04T11:00:00Z", "end_time": "2025-09-04T12:00:00Z"}
    other = event(deployment_id="z", repo_url="acme/api", **times)
    assert filled.post(other).status_code == 200

    first = filled.get(PATH, by="product", limit="1", **ASKED).json()
    second = filled.get(PATH, by="product", limit="1", cursor=first["next"], **ASKED).json()

    assert [(group["name"], group["deployments"]) for group in first["groups"]] == [("acme/api", 1)]
    assert [(group["name"], group["deployments"]) for group in second["groups"]] == [("acme/web", 4)]
    assert second["next"] is None


def test_figures_are_lines_of_a_spreadsheet(filled: Endpoint) -> None:
    weekly = filled.get(PATH, bucket="week", format="csv", **ASKED)
    times = {"start_time": "2025-09-04T11:00:00Z", "end_time": "2025-09-04T12:00:00Z"}
    filled.post(event(deployment_id="y", repo_url="acme/api", **times))
    products = filled.get(PATH, by="product", limit="1", format="csv", **ASKED)

    whole, *weeks = csv.DictReader(io.StringIO(weekly.text))
    assert [whole["since"], whole["until"], *(each["since"] for each in weeks[:2])] == [
        "2025-09-01", "2025-10-01", "2025-09-01", "2025-09-08",
    ]  # fmt: skip
    assert (whole["deployments"], whole["change_failure_rate.value"]) == ("4", "0.5")
    assert [each["name"] for each in csv.DictReader(io.StringIO(products.text))] == ["", "acme/api"]
    assert "cursor=acme%2Fapi" in products.headers["Link"]
    assert 'filename="dora.csv"' in products.headers["Content-Disposition"]


def test_every_environment_can_be_asked_for(filled: Endpoint) -> None:
    assert filled.get(PATH, environment="*", **ASKED).json()["total"]["deployments"] == 5
    assert filled.get(PATH, environment="staging", **ASKED).json()["total"]["deployments"] == 1


def test_without_a_beginning_it_begins_with_the_first_record(filled: Endpoint) -> None:
    assert filled.get(PATH, until="2025-10-01").json()["since"] == "2025-09-01"


def test_days_on_which_nobody_recorded_are_none_to_divide_by(filled: Endpoint) -> None:
    answer = filled.get(PATH, since="2025-08-01", until="2025-10-01", bucket="month").json()

    days = [each["deployment_frequency"]["days"] for each in (answer["total"], *answer["series"])]
    assert (answer["since"], days) == ("2025-08-01", [30, 0, 30])
    assert answer["series"][0]["deployment_frequency"]["value"] is None


def test_the_page_and_prometheus_divide_by_the_same_days() -> None:
    store = MemoryStore(began=NOW - timedelta(days=3))
    time = "2026-11-20T12:00:00Z"
    with Endpoint(store, pages={"anonymous": True}) as endpoint:
        assert endpoint.post(event(repo_url="acme/web", start_time=time, end_time=time)).status_code == 200

        answer = endpoint.get(PATH, since="2026-10-01").json()
        page, metrics = endpoint.get("/dora?product=acme/web").text, endpoint.get("/metrics").text

    assert answer["total"]["deployment_frequency"]["days"] == 4
    assert "1 deployment in 4 days" in page
    assert 'deploytrail_dora_deployments_per_day{product="acme/web"} 0.25' in metrics


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        ("2025-09-03T00:00:00Z", "2025-09-05T00:00:00Z", ("2025-09-03", "2025-09-05")),
        ("2025-09-03T01:59:59+02:00", "2025-09-05T02:00:00+02:00", ("2025-09-02", "2025-09-05")),
        ("2025-09-02T19:00:00-05:00", "2025-09-04T18:59:59-05:00", ("2025-09-03", "2025-09-04")),
    ],
)
def test_a_time_stands_for_its_day_in_utc(filled: Endpoint, since: str, until: str, days: tuple[str, str]) -> None:
    answer = filled.get(PATH, since=since, until=until).json()

    assert (answer["since"], answer["until"]) == days


@pytest.mark.parametrize(
    "asked",
    [
        {"product": "a", "team": "b"},
        {"bucket": "day", "by": "product"},
        {"since": "2025-09-02", "until": "2025-09-01"},
        {"since": "1970-01-01"},
        {"since": "2023-01-01", "bucket": "day"},
        {"bands": "1999"},
        {"since": "yesterday"},
        {"projct": "a"},
    ],
)
def test_what_cannot_be_answered_is_refused(filled: Endpoint, asked: dict[str, str]) -> None:
    assert filled.get(PATH, **asked).status_code == 422


def test_a_person_says_that_it_was_no_failure(filled: Endpoint) -> None:
    record = record_of(filled, "2")

    marked = patch(filled, record, {"failure": False, "comment": "the probe was wrong"})

    assert marked.status_code == 200
    assert [(mark["by"], mark["failure"], mark["comment"]) for mark in marked.json()["marks"]] == [
        ("ci", False, "the probe was wrong")
    ]
    assert filled.get(f"/api/v1/deployments/{record}").json()["marks"] == marked.json()["marks"]
    kinds = filled.get(PATH, **ASKED).json()["total"]["change_failure_rate"]["kinds"]
    assert kinds == {"rolled-back": 1}


def test_what_was_said_can_be_taken_back_and_stays_known(filled: Endpoint) -> None:
    record = record_of(filled, "3")
    patch(filled, record, {"counted": False})

    again = patch(filled, record, {"counted": None})

    assert [mark["counted"] for mark in again.json()["marks"]] == [False, None]


def test_what_has_no_verdict_is_counted_once_somebody_says_how_it_went(filled: Endpoint) -> None:
    (aborted,) = filled.get("/api/v1/deployments", status="aborted").json()["items"]

    refused = patch(filled, aborted["id"], {"counted": True})
    marks = filled.get(f"/api/v1/deployments/{aborted['id']}").json()["marks"]
    marked = patch(filled, aborted["id"], {"counted": True, "failure": True}).json()

    assert (refused.status_code, marks) == (422, [])
    assert "say failure, too" in refused.json()["detail"][0]["msg"]
    assert marked["judgement"]["not_counted"] is None
    assert filled.get(PATH, **ASKED).json()["total"]["not_counted"] == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 422), ({"failure": "yes"}, 422), ({"status": "completed"}, 422), ([], 422), ({"comment": "x" * 1001}, 422)],
)
def test_what_is_no_mark_leaves_no_trace(filled: Endpoint, body: Any, code: int) -> None:
    record = record_of(filled, "3")

    assert patch(filled, record, body).status_code == code
    assert filled.get(f"/api/v1/deployments/{record}").json()["marks"] == []


def test_who_may_not_report_may_not_mark(filled: Endpoint) -> None:
    record = record_of(filled, "3")

    assert patch(filled, record, {"failure": True}, READER).status_code == 403
    assert patch(filled, record, {"failure": True}, LIMITED).status_code == 403
    assert patch(filled, record, {"failure": True}, "dtk_nobody").status_code == 401
    assert patch(filled, "none-such", {"failure": True}).status_code == 404
