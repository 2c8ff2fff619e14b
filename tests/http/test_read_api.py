"""What is asked: deployments, health, metrics, docs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.examples import DEPLOYMENT
from deploytrail.serve.views import DeploymentItem
from tests.fakes import SECRET, FakeReadiness, StoreAway, key
from tests.http.endpoint import Endpoint, event

LIST = "/api/v1/deployments"


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    """Twelve deployments: three products, two environments, one a day from 1 to 12 September."""
    with Endpoint() as endpoint:
        for day in range(1, 13):
            told = event(
                deployment_id=f"d{day}",
                repo_url=f"acme/product{day % 3}",
                environment="production" if day % 2 else "staging",
                status="failed" if day % 4 == 0 else "success",
                start_time=f"2025-09-{day:02}T12:00:00Z",
                end_time=f"2025-09-{day:02}T12:00:05.500Z",
            )
            assert endpoint.post(told).status_code == 200
        yield endpoint


def ids(endpoint: Endpoint, **params: Any) -> set[int]:
    answer = endpoint.get(LIST, **params)
    assert answer.status_code == 200, answer.text
    return {int(item["metadata"]["deployment_id"][1:]) for item in answer.json()["items"]}


@pytest.mark.parametrize(
    ("params", "days"),
    [
        ({}, set(range(1, 13))),
        ({"product": "acme/product1"}, {1, 4, 7, 10}),
        ({"environment": "staging"}, {2, 4, 6, 8, 10, 12}),
        ({"status": "failed"}, {4, 8, 12}),
        ({"source": "hivel"}, set(range(1, 13))),
        ({"source": "argocd"}, set()),
        ({"counted": "false"}, set()),
        ({"since": "2025-09-10T12:00:05.500Z"}, {10, 11, 12}),
        ({"until": "2025-09-03T12:00:05.500Z"}, {1, 2}),
        ({"since": "2025-09-03", "until": "2025-09-05"}, {3, 4}),
        ({"since": "1757376000"}, {9, 10, 11, 12}),
        ({"product": "acme/product1", "environment": "staging", "status": "failed"}, {4}),
        ({"product": "ACME/product1"}, set()),
    ],
)
def test_filters_are_joined_by_and(filled: Endpoint, params: dict[str, object], days: set[int]) -> None:
    assert ids(filled, **params) == days


@pytest.mark.parametrize("limit", [1, 5, 12, 1000])
def test_pages_follow_one_another_without_gap_or_repetition(filled: Endpoint, limit: int) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"cursor": cursor} if cursor else {}
        page = filled.get(LIST, limit=limit, **params).json()
        seen += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= limit
        cursor = page["next"]

    assert len(seen) == len(set(seen)) == 12


def test_an_item_has_the_fields_of_the_record_and_no_raw_body(filled: Endpoint) -> None:
    [item] = [i for i in filled.get(LIST).json()["items"] if i["metadata"]["deployment_id"] == "d1"]

    assert item["event_type"] == "deployment.completed"
    assert item["duration"] == 5.5
    assert item["started_at"] == "2025-09-01T12:00:00Z"
    assert item["finished_at"] == "2025-09-01T12:00:05.500Z"
    assert item["created_at"] == "2026-11-21T12:00:00Z"
    assert item["history"] == [{"status": "completed", "at": "2025-09-01T12:00:05.500Z"}]
    assert item["links"]["logs"] == "https://logs.example.com/deploy/20250922-1200"
    assert not {"tellings", "reports", "body"} & item.keys()


def test_one_deployment_is_shown_with_what_was_reported(filled: Endpoint) -> None:
    listed = filled.get(LIST, limit=1).json()["items"][0]

    shown = filled.get(f"{LIST}/{listed['id']}").json()

    [report] = shown.pop("reports")
    assert shown.pop("judgement") == {"not_counted": None, "failure": None, "rework": None}
    assert shown == listed
    assert report["reporter"] == "ci"
    assert report["raw_status"] == "success" or report["raw_status"] == "failed"
    assert '"deployment_id"' in report["body"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"status": "success"}, "status"),
        ({"source": "carrier pigeon"}, "source"),
        ({"counted": "perhaps"}, "counted"),
        ({"since": "yesterday"}, "since"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "x" * 2000}, "cursor"),
    ],
)
def test_a_bad_parameter_is_422_and_named(filled: Endpoint, params: dict[str, str], field: str) -> None:
    answer = filled.get(LIST, **params)

    assert answer.status_code == 422
    [error] = answer.json()["detail"]
    assert error["loc"] == ["query", field]
    assert error.keys() == {"loc", "msg", "type"}


def test_a_misspelt_parameter_is_422_and_not_all_deployments(filled: Endpoint) -> None:
    answer = filled.get(LIST, enviroment="production")

    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {"loc": ["query"], "msg": "There is no such parameter", "type": "extra_forbidden"}
    ]


def test_many_bad_parameters_are_not_all_repeated(filled: Endpoint) -> None:
    answer = filled.get(LIST, **{f"{'x' * 200}{number}": "y" * 50 for number in range(40)})

    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == 10
    assert len(answer.content) < 3000


def test_an_unknown_deployment_is_404(filled: Endpoint) -> None:
    answer = filled.get(f"{LIST}/nothing")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no such deployment"}


@pytest.mark.parametrize("path", [LIST, f"{LIST}/x"])
@pytest.mark.parametrize("said", [None, "", "Bearer", "Bearer wrong", f"Token {SECRET}", SECRET, "Basic Y2k6Y2k="])
def test_without_a_key_there_is_no_answer(filled: Endpoint, path: str, said: str | None) -> None:
    with filled.client() as client:
        answer = client.get(path, headers={} if said is None else {"Authorization": said})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {"detail": "Invalid API key"}


def test_a_key_that_may_only_report_may_not_read() -> None:
    with Endpoint(ring=KeyRing([key(scopes=[Scope.INGEST])])) as endpoint:
        assert endpoint.get(LIST).status_code == 401


def test_the_scheme_ignores_case(filled: Endpoint) -> None:
    with filled.client() as client:
        assert client.get(LIST, headers={"Authorization": f"bearer {SECRET}"}).status_code == 200


def test_questions_to_a_store_that_is_away_are_503_with_retry_after() -> None:
    with Endpoint(StoreAway()) as endpoint:
        answers = [endpoint.get(LIST), endpoint.get(f"{LIST}/x")]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "7"
        assert answer.json() == {"detail": "the store is away since noon"}


def test_alive_is_not_ready() -> None:
    readiness = FakeReadiness("the store is away since noon")

    with Endpoint(readiness=readiness) as endpoint:
        alive, unready = endpoint.get("/healthz"), endpoint.get("/readyz")
        readiness.found.clear()
        ready = endpoint.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert unready.status_code == 503
    assert unready.json() == {
        "status": "not ready",
        "since": "2026-11-21T12:00:00Z",
        "problems": ["the store is away since noon"],
    }
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/signin"])
def test_what_probes_and_newcomers_need_is_open(filled: Endpoint, path: str) -> None:
    with filled.client() as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_with_head(filled: Endpoint, path: str) -> None:
    with filled.client() as client:
        answer = client.head(path)

    assert (answer.status_code, answer.content) == (200, b"")


def test_metrics_are_measured_by_route_and_never_by_path(filled: Endpoint) -> None:
    filled.get(f"{LIST}/made-up-by-a-client")
    filled.get("/made/up/by/a/client")

    metrics = filled.get("/metrics")

    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert (
        'deploytrail_http_request_duration_seconds_count{code="200",route="/api/hooks/v2/deployment"}' in metrics.text
    )
    assert 'code="404",route="/api/v1/deployments/{deployment_id}"' in metrics.text
    assert 'code="404",route="unmatched"' in metrics.text
    assert "made-up" not in metrics.text
    assert "made/up" not in metrics.text


def test_the_openapi_document_says_how_to_ask(filled: Endpoint) -> None:
    document = filled.get("/openapi.json").json()

    listing = document["paths"][LIST]["get"]
    names = {parameter["name"] for parameter in listing["parameters"]}
    common = {"product", "version", "environment", "source", "since", "until", "sort", "limit", "cursor", "format"}
    assert names == common | {"status", "counted"}
    assert listing["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert "/healthz" in document["paths"]


def test_the_example_of_an_answer_is_one(filled: Endpoint) -> None:
    listed = filled.get(LIST, limit=1).json()["items"][0]

    assert DeploymentItem.model_validate(DEPLOYMENT).model_dump(mode="json") == DEPLOYMENT
    assert DEPLOYMENT.keys() == listed.keys()
    assert DEPLOYMENT["id"] in filled.get("/openapi.json").text


def test_the_docs_page_and_all_it_loads_come_from_us(filled: Endpoint) -> None:
    page = filled.get("/docs").text

    assert "//" not in re.sub(r"(?m)^\s*//.*$", "", page)
    assert '"validatorUrl": null' in page
    loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page)
    assert len(loaded) == 4
    for one, other in loaded:
        assert filled.get(f"/{one or other}").status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/docs/../secret", "/docs/setup.py", "/api/v1/deployments/"])
def test_what_is_not_there_is_404_json(filled: Endpoint, path: str) -> None:
    answer = filled.get(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"


def test_nothing_is_changed_by_asking(filled: Endpoint) -> None:
    with filled.client(Authorization=f"Bearer {SECRET}") as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = client.request(method, LIST)
            assert answer.status_code == 405
            assert answer.headers["Allow"] == "GET, HEAD"
            assert answer.headers["Content-Type"] == "application/json"
