"""How often a key may ask and tell, over the wire: one bucket for both, told in headers."""

import json

import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from tests.fakes import NOW, key
from tests.http.apis import APIS, Api, product
from tests.http.endpoint import Endpoint, event, head, receive_all, rejected

LIST = "/api/v1/deployments"


def test_a_report_too_many_is_429_in_the_dialect_and_counted() -> None:
    counted, told = rejected("rate"), event()

    with Endpoint(rates=Rates(rate=0.2, burst=1)) as endpoint:
        accepted, refused = endpoint.post(event()), endpoint.post(told)
        stored = endpoint.stored(told["deployment_id"])

    assert accepted.status_code == 200
    assert refused.status_code == 429
    assert refused.json() == {"message": "Too many requests", "error": "too many requests with this key"}
    assert refused.headers["Retry-After"] == "5"
    assert not stored
    assert rejected("rate") == counted + 1


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_every_api_tells_in_its_own_shape_when_to_come_again(api: Api) -> None:
    with Endpoint(rates=Rates(rate=0.2, burst=1), environments="production") as endpoint:
        accepted, refused = (api.send(endpoint, api.body(product())) for _ in range(2))

    assert accepted.status_code == api.accepted
    assert accepted.headers["X-RateLimit-Remaining"] == "0"
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert frozenset(refused.json()) == api.shape


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_every_api_tells_in_its_own_shape_of_a_head_too_large(api: Api) -> None:
    with Endpoint(environments="production") as endpoint, endpoint.connect() as connection:
        connection.sendall(head(api.path, X_Long="x" * 17_000))
        code, _, body = receive_all(connection).partition(b"\r\n\r\n")

    assert code.startswith(b"HTTP/1.1 431 ")
    assert frozenset(json.loads(body)) == api.shape


def test_a_question_too_many_is_429() -> None:
    with Endpoint(rates=Rates(rate=0.2, burst=1)) as endpoint:
        accepted, refused = endpoint.get(LIST), endpoint.get(LIST)

    assert accepted.status_code == 200
    assert refused.status_code == 429
    assert refused.json() == {"detail": "too many requests with this key"}
    assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Remaining"]) == ("5", "0")


def test_questions_and_reports_draw_on_the_same_allowance() -> None:
    with Endpoint(rates=Rates(rate=1, burst=10)) as endpoint:
        answers = [
            endpoint.post(event()),
            endpoint.get(LIST),
            endpoint.get(f"{LIST}/nothing"),
            endpoint.get(LIST, limit=0),
            endpoint.post(b"{"),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 422, 400]
    for used, answer in enumerate(answers, start=1):
        assert answer.headers["X-RateLimit-Limit"] == "10"
        assert answer.headers["X-RateLimit-Remaining"] == str(10 - used)
        assert answer.headers["X-RateLimit-Reset"] == str(int(NOW.timestamp()) + used)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/nothing"])
def test_what_needs_no_key_has_no_rate(path: str) -> None:
    with Endpoint(rates=Rates(rate=1, burst=1)) as endpoint:
        answers = [endpoint.get(path) for _ in range(3)]

    assert len({answer.status_code for answer in answers}) == 1
    assert not [name for name in answers[0].headers if name.startswith("x-ratelimit")]


def test_one_key_does_not_use_up_what_another_has() -> None:
    ring = KeyRing([key("one", name="one"), key("two", name="two", scopes=[Scope.INGEST])])

    with Endpoint(ring=ring, rates=Rates(rate=1, burst=1)) as endpoint:
        codes = [endpoint.post(event(), secret=secret).status_code for secret in ("one", "one", "two", "two")]

    assert codes == [200, 429, 200, 429]
