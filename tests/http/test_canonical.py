"""The four APIs say the same with different words, by the number of the check in the contract."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Deployment, Status
from tests.fakes import key
from tests.http.apis import ROUTES, product
from tests.http.endpoint import Endpoint

SHA = "abc123def456789012345678901234567890abcd"


@pytest.fixture(scope="module")
def all_apis() -> Iterator[Endpoint]:
    with Endpoint(ring=KeyRing([key(product="shop", environment="live")]), environments="production") as running:
        yield running


def told(endpoint: Endpoint, api: str, **changes: Any) -> Deployment:
    """The deployment that an API's event becomes."""
    name, route = product(), ROUTES[api]
    answer = route.send(endpoint, route.body(name) | changes)
    assert answer.status_code == route.accepted, answer.text
    [stored] = endpoint.recorded(name)
    assert isinstance(stored, Deployment)
    return stored


def test_c174_there_are_six_statuses_and_unknown_is_hivels() -> None:
    assert {status.value for status in Status} == {
        "pending",
        "started",
        "completed",
        "failed",
        "aborted",
        "unknown",
    }


def test_c175_success_is_one_whatever_the_api(all_apis: Endpoint) -> None:
    records = [
        told(all_apis, "versioner-deployments", status="success"),
        told(all_apis, "hivel", status="success"),
        told(all_apis, "vibemonitor", status="success"),
        told(all_apis, "quanta"),
    ]

    assert {record.status for record in records} == {Status.COMPLETED}
    assert {record.counted for record in records} == {True}


@pytest.mark.parametrize("word", ["cancelled", "canceled"])
def test_c176_both_spellings_of_cancelled_are_one_whatever_the_api(all_apis: Endpoint, word: str) -> None:
    records = [told(all_apis, api, status=word) for api in ("versioner-deployments", "hivel", "vibemonitor")]

    assert {record.status for record in records} == {Status.ABORTED}


def test_c177_unknown_is_over_without_a_verdict_and_shown_apart(all_apis: Endpoint) -> None:
    record = told(all_apis, "hivel", status="what?")

    unknown = all_apis.get("/api/v1/deployments", status="unknown", limit=1000).json()["items"]
    assert record.status.terminal
    assert record.id in {item["id"] for item in unknown}
    assert {item["status"] for item in unknown} == {"unknown"}


def test_c178_each_apis_names_become_the_same_fields(all_apis: Endpoint) -> None:
    versioner = told(
        all_apis,
        "versioner-deployments",
        scm_sha=SHA,
        build_url="https://ci.example.com/1",
        deployed_by="jane",
    )
    hivel = told(all_apis, "hivel", commit_hash=SHA, logs_url="https://ci.example.com/1")
    monitor = told(all_apis, "vibemonitor", commit_sha=SHA, extra_data={"actor": "jane"})
    quanta = told(all_apis, "quanta")

    assert {record.commit for record in (versioner, hivel, monitor)} == {SHA}
    assert [record.version for record in (versioner, hivel, monitor)] == ["1.2.3", SHA, SHA]
    assert versioner.links.build == hivel.links.logs == "https://ci.example.com/1"
    assert versioner.deployed_by == monitor.deployed_by == "jane"
    assert {record.environment for record in (versioner, hivel, monitor)} == {"production"}
    assert (quanta.product, quanta.environment, quanta.commit) == ("shop", "live", None)
