"""C015 for every API: a key, wherever a client puts it, is in no log line, no metric and no error."""

import io
import re

import httpx
import pytest

from deploytrail.keys.ring import KeyRing
from deploytrail.stores.memory import MemoryStore
from tests.fakes import SECRET, StoreAway, StoreBroken, key
from tests.http.apis import APIS, Api, product
from tests.http.endpoint import Endpoint

OPAQUE = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"
CANARIES = (OPAQUE, SECRET)

SPEAKS_OF_A_RECORD = re.compile(r'"event": "(\w+_recorded|report_repeated|report_contradicted)"')
"""Lines that quote what was told: whoever calls a product or a status like a key has published it."""


def in_every_place(endpoint: Endpoint, api: Api, canary: str) -> list[httpx.Response]:
    """Requests with a secret where it belongs, where it does not, and both."""
    good = api.body(product())
    bodies = [{**good, field: [canary]} for field in good]
    bodies += [{name: value for name, value in good.items() if name != field} | {canary: canary} for field in good]
    bodies += [{**good, field: canary} for field in ("status", "type", "environment", "commit_sha", "deployed_at")]
    answers = [
        api.send(endpoint, body, secret=secret, Referer=f"https://ci.example.com/?auth_token={canary}")
        for body in bodies
        for secret in (canary, f"{canary}x", None)
    ]
    answers.append(api.send(endpoint, f'{{"a": "{canary}'.encode(), secret=canary))
    answers.append(api.send(endpoint, canary.encode(), secret=canary, Content_Type=canary))
    with endpoint.client() as client:
        for method in ("GET", "POST", "PUT"):
            for path in (api.path, f"{api.path.rstrip('/')}/{canary}"):
                params = {"auth_token": canary, canary: canary, "type": canary, "content": ""}
                answers.append(client.request(method, path, params=params))
    return answers


@pytest.mark.parametrize("store", [MemoryStore, StoreAway, StoreBroken])
@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_c015_secrets_are_in_no_log_metric_or_error(store: type[MemoryStore], api: Api, logged: io.StringIO) -> None:
    with Endpoint(
        store(),
        ring=KeyRing([key(SECRET, signing=True), key(OPAQUE, name="imported", signing=True)]),
        environments="production",
    ) as endpoint:
        answers = [answer for canary in CANARIES for answer in in_every_place(endpoint, api, canary)]
        metrics = endpoint.get("/metrics").text

    refused = [answer for answer in answers if answer.status_code >= 400]
    assert len(refused) > 20
    for canary in CANARIES:
        assert canary not in metrics
        for answer in refused:
            assert canary not in answer.text
            assert canary not in str(answer.headers)
        for line in logged.getvalue().splitlines():
            assert canary not in line or SPEAKS_OF_A_RECORD.search(line)


def test_c015_a_token_in_the_query_is_in_no_log_line_even_when_the_event_is_recorded(logged: io.StringIO) -> None:
    with Endpoint(ring=KeyRing([key(OPAQUE)])) as endpoint, endpoint.client() as client:
        answer = client.get(f"/api/events/push?content=bonjour&type=custom&auth_token={OPAQUE}")
        [noted] = endpoint.annotations("ci")

    assert answer.status_code == 200
    assert "annotation_recorded" in logged.getvalue()
    assert OPAQUE not in logged.getvalue()
    assert OPAQUE not in noted.model_dump_json()
