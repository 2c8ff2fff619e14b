"""The server answers as its OpenAPI document says, whatever it is sent: requests made up from the document."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from deploytrail.app import apis, dialects
from deploytrail.keys.model import Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.api import build_api
from deploytrail.settings import load
from deploytrail.sources.http.openapi import describe
from deploytrail.stores.memory import MemoryStore
from tests.fakes import SECRET, FakeReadiness, key, stopped_clock
from tests.http.endpoint import Endpoint
from tests.keys_in_memory import MemoryKeys

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]
KEYS = {"Authorization": f"Bearer {SECRET}", "X-API-Token": SECRET, "X-Workspace-Key": SECRET, "X-Gitlab-Token": SECRET}
IN_ITS_WORDS = {"/api/events/push": {"Authorization": f"Token {SECRET}"}}
EXAMPLES = 8
"""Of each kind for each route: it is the server's rules that are tried, not its endurance."""


def _document() -> dict[str, Any]:
    told = describe(dialects(load({}, None)))
    ring = KeyRing([])
    api = build_api(
        MemoryStore(),
        ring,
        FakeReadiness(),
        stopped_clock,
        told=told,
        keys=MemoryKeys(ring),
        apis=apis(),
        rates=Rates(rate=0, burst=1),
    )
    return api.openapi()


DOCUMENT = _document()
OPERATIONS = {(method.upper(), path): told for path, all_ in DOCUMENT["paths"].items() for method, told in all_.items()}
ASKED = [route for route, told in OPERATIONS.items() if told.get("parameters") or told.get("requestBody")]
"""Routes that take anything that could be wrong."""
LOCKED = [route for route, told in OPERATIONS.items() if told.get("security")]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """One whose key may do everything."""
    with Endpoint(ring=KeyRing([key(scopes=list(Scope))])) as running:
        yield running


@pytest.fixture(scope="module")
def served(endpoint: Endpoint) -> Any:
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{endpoint.port}/openapi.json")


def check(path: str, made_up: SearchStrategy[schemathesis.Case[Any]]) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=made_up)
    def each(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers=KEYS | IN_ITS_WORDS.get(path, {}), checks=CHECKS)

    each()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_the_document_allows_is_answered_as_it_says(served: Any, method: str, path: str) -> None:
    operation = served[path][method]

    check(path, operation.as_strategy(GenerationMode.POSITIVE))


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_what_the_document_does_not_allow_is_answered_as_it_says(served: Any, method: str, path: str) -> None:
    operation = served[path][method]

    check(path, operation.as_strategy(GenerationMode.NEGATIVE))


def test_only_probes_need_no_key() -> None:
    assert sorted(set(OPERATIONS) - set(LOCKED)) == [("GET", "/healthz"), ("GET", "/metrics"), ("GET", "/readyz")]


@pytest.mark.parametrize(("method", "path"), LOCKED)
def test_what_the_document_locks_is_locked(endpoint: Endpoint, method: str, path: str) -> None:
    answer = endpoint.send(path.replace("{", "").replace("}", ""), {}, secret=None, method=method)

    assert answer.status_code == 401


def test_everything_that_can_be_read_is_shown_by_an_example() -> None:
    told = {
        f"{method} {path} {code} {media}": content
        for (method, path), operation in OPERATIONS.items()
        if path.startswith("/api/v1/")
        for code, answer in operation["responses"].items()
        if code.startswith("2")
        for media, content in answer.get("content", {}).items()
    }
    told["what a person says"] = OPERATIONS["PATCH", "/api/v1/deployments/{deployment_id}"]["requestBody"]["content"][
        "application/json"
    ]

    assert len(told) > 15
    assert [name for name, content in told.items() if not _exemplified(content)] == []


def _exemplified(content: dict[str, Any]) -> bool:
    """Whether it has an example, or is a list of what has one."""
    schema = content.get("schema", content)
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if {"example", "examples"} & (content.keys() | schema.keys()):
        return True
    items = schema.get("properties", {}).get("items", {}).get("items")
    return items is not None and _exemplified(items)
