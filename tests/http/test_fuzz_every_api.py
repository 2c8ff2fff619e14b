"""Whatever is sent to whatever API, nobody is answered 5xx, and every answer has the API's own shape."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import SECRET
from tests.http.apis import APIS, Api, product
from tests.http.endpoint import Endpoint

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
WORDS = st.sampled_from(
    ["success", "started", "failed", "", "main", "2026-01-01", "abc123", "code_deploy", "production"]
)

often = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
every_api = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


@pytest.fixture(scope="module")
def all_apis() -> Iterator[Endpoint]:
    with Endpoint(environments="production") as running:
        yield running


@every_api
@often
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_accepted_or_refused(all_apis: Endpoint, api: Api, body: bytes) -> None:
    answer = api.send(all_apis, body)

    assert answer.status_code in (api.accepted, 400, 404, 422)
    if answer.status_code != api.accepted:
        assert answer.json().keys() == api.shape


@every_api
@often
@given(data=st.data(), more=st.dictionaries(st.text(), JSON, max_size=3))
def test_any_value_in_any_field_is_accepted_or_refused(
    all_apis: Endpoint, api: Api, data: st.DataObject, more: dict[str, Any]
) -> None:
    good = api.body(product())
    fields = st.sampled_from([*good, *api.optional])
    changes = data.draw(st.dictionaries(fields, JSON | WORDS, max_size=4))

    answer = api.send(all_apis, more | good | changes)

    assert answer.status_code in (api.accepted, 400, 404, 409, 422)


@often
@given(
    query=st.dictionaries(st.sampled_from(["type", "content", "auth_token", "x"]), st.text() | WORDS),
    raw=st.binary(max_size=10),
)
def test_any_query_of_quanta_is_accepted_or_refused(all_apis: Endpoint, query: dict[str, str], raw: bytes) -> None:
    written = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query.items())

    with all_apis.client(Authorization=f"Token {SECRET}") as client:
        answer = client.get(f"/api/events/push?{written}&{quote(raw)}")

    assert answer.status_code in (200, 400)
    assert answer.json().keys() in ({"success", "id"}, {"error"})


@pytest.fixture(scope="module", autouse=True)
def lives_on(all_apis: Endpoint) -> Iterator[None]:
    yield
    for api in APIS:
        assert api.send(all_apis, api.body(product())).status_code == api.accepted


@often
@given(data=st.data())
def test_any_cloud_event_is_accepted_or_refused(all_apis: Endpoint, data: st.DataObject) -> None:
    names = st.sampled_from(["specversion", "id", "source", "type", "time", "subject", "data", "data_base64", "x"])
    known = st.sampled_from(["1.0", "dev.cdevents.service.deployed.0.3.0", "dev.cdevents.build.finished.0.3.0"])
    document = data.draw(st.dictionaries(names, JSON | WORDS | known))
    heads = data.draw(st.dictionaries(names.map(lambda name: f"ce-{name}"), WORDS | known))
    types = ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"]
    content = json.dumps(data.draw(st.sampled_from([document, [document, document]]))).encode()

    with all_apis.client(Authorization=f"Bearer {SECRET}", **heads) as client:
        said = {"Content-Type": data.draw(st.sampled_from(types))}
        answer = client.post("/api/hooks/cdevents", content=content, headers=said)

    assert answer.status_code in (200, 400)
    assert answer.json().keys() in ({"error"}, {"id"}, {"ignored"}, {"events"})
