"""Whatever is sent, nobody is answered 5xx, and the endpoint lives on."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import SECRET
from tests.http.endpoint import HIVEL_PATH, Endpoint, event, head, receive_all

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted(event())

often = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@often
@given(body=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_accepted_or_refused(endpoint: Endpoint, body: bytes) -> None:
    assert endpoint.post(body).status_code in (200, 400)


@often
@given(
    changes=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    more=st.dictionaries(st.text(), JSON, max_size=3),
)
def test_any_value_in_any_field_is_accepted_or_refused(
    endpoint: Endpoint, changes: dict[str, Any], more: dict[str, Any]
) -> None:
    answer = endpoint.post(more | event() | changes)

    assert answer.status_code in (200, 400, 409)
    assert answer.json()["message"]


@often
@given(at=st.integers(0, 400), what=st.binary(min_size=1, max_size=3))
def test_a_good_body_with_a_few_bytes_changed_is_accepted_or_refused(endpoint: Endpoint, at: int, what: bytes) -> None:
    body = bytearray(json.dumps(event()).encode())
    body[at : at + len(what)] = what

    assert endpoint.post(bytes(body)).status_code in (200, 400)


@often
@given(
    headers=st.dictionaries(
        st.sampled_from(["Content-Type", "Content-Encoding", "X-API-Token", "Authorization", "Accept", "Expect", "X"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
        max_size=4,
    ),
    query=st.text(max_size=20),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
)
def test_any_header_and_query_is_answered(endpoint: Endpoint, headers: dict[str, str], query: str, method: str) -> None:
    said = {name.encode(): value.strip().encode("latin-1") for name, value in headers.items()}
    with endpoint.client() as client:
        for path in (HIVEL_PATH, "/api/v1/deployments", "/metrics", "/"):
            answer = client.request(method, path, params={"q": query}, headers=said, content=b"{}")
            assert answer.status_code < 500


@often
@given(query=st.dictionaries(st.sampled_from(["status", "since", "until", "limit", "cursor", "counted"]), st.text()))
def test_any_question_is_answered(endpoint: Endpoint, query: dict[str, str]) -> None:
    assert endpoint.get("/api/v1/deployments", **query).status_code in (200, 422)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_are_answered_or_cut_off(endpoint: Endpoint, data: st.DataObject) -> None:
    whole = head(Connection="close", Content_Length=2) + b"{}"
    at = data.draw(st.integers(0, len(whole)))
    sent = whole[:at] + data.draw(st.binary(max_size=20)) + whole[at:]

    with endpoint.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(1)
        answer = receive_all(connection)

    assert not answer or answer.startswith(b"HTTP/1.1 4")


@pytest.fixture(scope="module", autouse=True)
def lives_on(endpoint: Endpoint) -> Any:
    yield
    assert endpoint.post(event(), secret=SECRET).status_code == 200
