"""C015: a key, wherever a client puts it, is in no log line, no metric and no error."""

import io

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.stores.memory import MemoryStore
from tests.fakes import SECRET, StoreAway, StoreBroken, key
from tests.http.endpoint import HIVEL_PATH, Endpoint, event

OPAQUE = "hunter2-imported-from-elsewhere"
SHAPED = "dtk_ffffffff_bm90LXRvLWJlLXJlYWQtYnktYW55b25l"
CANARIES = (OPAQUE, SHAPED, SECRET)


def in_every_place(endpoint: Endpoint) -> list[httpx.Response]:
    """Requests with a secret in each place where one can stand, good and bad."""
    answers = []
    for canary in CANARIES:
        headers = {
            "Authorization": f"Bearer {canary}",
            "Cookie": f"token={canary}",
            "Referer": f"https://ci.example.com/?auth_token={canary}",
            "User-Agent": canary,
            "X-API-Token": canary,
            f"X-{canary.replace('_', '-')}": canary,
        }
        with endpoint.client(**headers) as client:
            for path in (HIVEL_PATH, f"{HIVEL_PATH}/{canary}", f"/{canary}", "/api/v1/deployments", "/docs"):
                for method in ("GET", "POST", "PUT"):
                    answers.append(client.request(method, path, params={"auth_token": canary, canary: canary}))
            answers += [
                client.get("/api/v1/deployments", params={name: canary})
                for name in ("product", "status", "since", "limit", "cursor", "counted")
            ]
            answers.append(client.get(f"/api/v1/deployments/{canary}"))
            for field in event():
                answers.append(client.post(HIVEL_PATH, json=event(**{field: [canary]})))
                answers.append(client.post(HIVEL_PATH, json=event(**{canary: canary, field: ...})))
            answers.append(client.post(HIVEL_PATH, content=f'{{"a": "{canary}'.encode()))
            answers.append(client.post(HIVEL_PATH, content=canary, headers={"Content-Type": canary}))
            answers.append(client.post(HIVEL_PATH, json=event(start_time=canary, **{canary: canary})))
    return answers


@pytest.mark.parametrize("store", [MemoryStore, StoreAway, StoreBroken])
def test_c015_secrets_are_in_no_log_metric_or_error(store: type[MemoryStore], logged: io.StringIO) -> None:
    with Endpoint(store(), ring=KeyRing([key(SECRET), key(OPAQUE, name="imported")])) as endpoint:
        answers = in_every_place(endpoint)
        metrics = endpoint.get("/metrics").text

    refused = [answer for answer in answers if answer.status_code >= 400]
    assert len(refused) > 100
    for canary in CANARIES:
        assert canary not in logged.getvalue()
        assert canary not in metrics
        for answer in refused:
            assert canary not in answer.text
            assert canary not in str(answer.headers)


def test_c015_a_key_shaped_secret_in_a_field_is_masked_in_the_log(logged: io.StringIO) -> None:
    with Endpoint() as endpoint:
        for field in ("environment", "branch", "image", "commit_hash", "status", "build_number", "repo_url"):
            assert endpoint.post(event(**{field: SHAPED})).status_code == 200

    assert "deployment_recorded" in logged.getvalue()
    assert SHAPED not in logged.getvalue()


def test_a_defect_is_one_log_line_without_what_was_sent(logged: io.StringIO) -> None:
    with Endpoint(StoreBroken()) as endpoint:
        told, asked = (
            endpoint.post(event(team="c0nfidential")),
            endpoint.get("/api/v1/deployments?product=c0nfidential"),
        )

    lines = [line for line in logged.getvalue().splitlines() if "RuntimeError" in line]
    assert told.status_code == asked.status_code == 500
    assert told.json() == {"message": "Internal server error", "error": "The event could not be stored"}
    assert asked.json() == {"detail": "Internal server error"}
    assert len(lines) == 2
    assert "fakes.py" in lines[0]
    assert "c0nfidential" not in logged.getvalue()


def test_nothing_logs_requests_one_by_one(logged: io.StringIO) -> None:
    with Endpoint() as endpoint:
        endpoint.post(event(), secret="wrong")
        endpoint.get("/healthz")

    assert "healthz" not in logged.getvalue()
    assert HIVEL_PATH not in logged.getvalue()
