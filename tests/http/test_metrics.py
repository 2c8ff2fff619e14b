"""/metrics, as Prometheus scrapes it."""

import io

import httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from deploytrail.keys.ring import KeyRing
from tests.fakes import StoreAway, StoreBroken, key
from tests.http.endpoint import Endpoint, event

ENDED = "deploytrail_deployments_total"


def scrape(endpoint: Endpoint, accept: str = "*/*") -> httpx.Response:
    with endpoint.client() as client:
        answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    return answer


def refused(api: str) -> float:
    return REGISTRY.get_sample_value("deploytrail_keys_refused_total", {"api": api}) or 0.0


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_deployments_are_told_beside_what_the_process_counts(accept: str) -> None:
    with Endpoint() as endpoint:
        for status in ("success", "failed"):
            assert endpoint.post(event(repo_url="acme/shop", status=status)).status_code == 200

        answer = scrape(endpoint, accept)

    parse = openmetrics.text_string_to_metric_families if "openmetrics" in accept else text_string_to_metric_families
    found = [sample for family in parse(answer.text) for sample in family.samples]
    names = {"deploytrail_reports_total", "deploytrail_store_up", "deploytrail_deployment_duration_seconds_bucket"}
    assert names <= {sample.name for sample in found}
    ended = {sample.labels["status"]: sample.value for sample in found if sample.name == ENDED}
    assert ended == {"completed": 1, "failed": 1, "aborted": 0, "unknown": 0}


def test_products_that_are_too_many_are_told_together() -> None:
    with Endpoint(metrics={"products": 2}) as endpoint:
        for number in range(6):
            assert endpoint.post(event(repo_url=f"acme/p{number}")).status_code == 200

        text = scrape(endpoint).text

    assert 'environment="production",product="other",status="completed"} 4.0' in text


def test_while_the_store_is_away_the_rest_is_told() -> None:
    with Endpoint(StoreAway()) as endpoint:
        text = scrape(endpoint).text

    assert "deploytrail_http_request_duration_seconds" in text
    assert "deploytrail_deployments_total{" not in text


def test_a_defect_of_the_store_is_no_defect_of_the_scrape(logged: io.StringIO) -> None:
    with Endpoint(StoreBroken()) as endpoint:
        scrape(endpoint)

    [line] = [line for line in logged.getvalue().splitlines() if "metrics_failed" in line]
    assert "RuntimeError" in line
    assert "cannot handle" not in logged.getvalue()


def test_refused_keys_are_counted_by_api_from_0_on() -> None:
    with Endpoint(ring=KeyRing([key()])) as endpoint:
        assert 'deploytrail_keys_refused_total{api="gitlab"}' in scrape(endpoint).text
        hivel, read, pages = refused("hivel"), refused("read"), refused("pages")

        endpoint.post(event(), secret="wrong")
        endpoint.get("/api/v1/deployments", secret="wrong")
        endpoint.get("/api/v1/builds", secret="none")
        with endpoint.client(Origin=f"http://127.0.0.1:{endpoint.port}") as client:
            assert client.post("/signin", data={"key": "wrong"}).status_code == 401

    assert (refused("hivel"), refused("read"), refused("pages")) == (hivel + 1, read + 2, pages + 1)
