"""Lists as CSV: in the form that was asked for, all of it, and never half of it unnoticed."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from deploytrail.errors import Unavailable
from deploytrail.record.model import Deployment
from deploytrail.record.query import Page, Query
from deploytrail.serve.answering import EXPORT_PAGE
from deploytrail.stores.memory import MemoryStore
from tests.fakes import Clock
from tests.http.endpoint import Endpoint, event

PATH = "/api/v1/deployments"
MANY = 3 * EXPORT_PAGE + 3


class StoreThatGoes(MemoryStore):
    """Answers one question of those with a cursor, and is away from then on."""

    async def find(self, query: Query) -> Page[Deployment]:
        if query.before is not None:
            raise Unavailable("the store is away since noon")
        return await super().find(query)


def fill(endpoint: Endpoint, clock: Clock, number: int) -> None:
    for each in range(number):
        clock.pass_by(seconds=1)
        told = event(deployment_id=f"d{each}", repo_url=f"acme/p{each % 3}", branch="=1+1" if each == 7 else "main")
        assert endpoint.post(told).status_code == 200


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    """More than is written at a time."""
    clock = Clock()
    with Endpoint(clock=clock) as endpoint:
        fill(endpoint, clock, MANY)
        yield endpoint


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_without_a_limit_everything_is_exported(filled: Endpoint) -> None:
    answer = filled.get(PATH, format="csv")

    found = rows(answer)
    assert len({row["id"] for row in found}) == len(found) == MANY
    assert answer.headers["Content-Disposition"] == 'attachment; filename="deployments.csv"'
    assert [row["created_at"] for row in found] == sorted((row["created_at"] for row in found), reverse=True)


def test_filters_hold_for_exports_too(filled: Endpoint) -> None:
    assert len(rows(filled.get(PATH, format="csv", product="acme/p1"))) == MANY // 3


def test_a_cell_is_never_a_formula(filled: Endpoint) -> None:
    assert [row["branch"] for row in rows(filled.get(PATH, format="csv")) if "1+1" in row["branch"]] == ["'=1+1"]


def test_with_a_limit_pages_are_linked_in_both_forms(filled: Endpoint) -> None:
    for form in ("csv", "json"):
        seen: list[str] = []
        url = f"{PATH}?limit=70&product=acme/p0&format={form}"
        while url:
            answer = filled.send(url, method="GET")
            seen += [row["id"] for row in (rows(answer) if form == "csv" else answer.json()["items"])]
            url = str(answer.url.join(answer.links["next"]["url"])) if "next" in answer.links else ""
        assert len(seen) == len(set(seen)) == MANY // 3


@pytest.mark.parametrize(
    ("accept", "as_csv"),
    [
        ("text/csv", True),
        ("text/csv, */*;q=0.1", True),
        ("text/csv, */*", True),
        ("TEXT/CSV; header=present", True),
        ("application/json;q=0.5, text/csv", True),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/csv", False),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/csv;q=0", False),
        ("text/csv;q=x", False),
        ("", False),
    ],
)
def test_accept_says_which_form_is_wanted(filled: Endpoint, accept: str, as_csv: bool) -> None:
    answer = filled.send(f"{PATH}?limit=1", method="GET", Accept=accept)

    assert answer.headers["Content-Type"].startswith("text/csv") is as_csv


def test_the_parameter_wins_over_accept(filled: Endpoint) -> None:
    answer = filled.send(f"{PATH}?limit=1&format=json", method="GET", Accept="text/csv")

    assert answer.headers["Content-Type"] == "application/json"


def test_an_export_that_cannot_be_finished_is_broken_off() -> None:
    clock = Clock()
    with Endpoint(StoreThatGoes(), clock=clock) as endpoint:
        fill(endpoint, clock, EXPORT_PAGE + 1)

        with pytest.raises(httpx.RemoteProtocolError):
            endpoint.get(PATH, format="csv")
        assert endpoint.get(PATH, limit=1).status_code == 200


def test_oldest_first_is_the_same_the_other_way_round(filled: Endpoint) -> None:
    forth, back = [rows(filled.get(PATH, format="csv", sort=sort)) for sort in ("-created_at", "created_at")]

    assert forth == back[::-1]


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
def test_pages_stay_where_they_are_while_records_come_and_change(sort: str) -> None:
    clock = Clock()
    clock.pass_by(days=1)
    with Endpoint(clock=clock) as endpoint:
        fill(endpoint, clock, 9)
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = endpoint.get(PATH, limit=2, sort=sort, **cursor).json()
            seen += [item["metadata"]["deployment_id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
            if len(seen) < 6:
                clock.time += timedelta(minutes=1)
                assert endpoint.post(event(deployment_id=f"new{len(seen)}")).status_code == 200

        old = [name for name in seen if name.startswith("d")]
        assert sorted(old) == [f"d{each}" for each in range(9)]
        assert len(seen) == len(set(seen))
