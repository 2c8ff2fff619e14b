"""What Versioner's clients send, for tests: events with everything replaceable."""

import itertools
from typing import Any

import httpx

from tests.http.endpoint import Endpoint

DEPLOYMENTS = "/deployment-events/"
BUILDS = "/build-events/"

_numbers = itertools.count(1)


def product() -> str:
    """A product that no other test speaks of."""
    return f"my-service-{next(_numbers)}"


def deployment(**changes: Any) -> dict[str, Any]:
    """The document's shortest example, of a product of its own; a change to ``...`` leaves the field out."""
    return _changed(
        {"product_name": product(), "version": "1.2.3", "environment_name": "production", "status": "success"}, changes
    )


def build(**changes: Any) -> dict[str, Any]:
    return _changed({"product_name": product(), "version": "1.2.3", "status": "completed"}, changes)


def _changed(example: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (example | changes).items() if value is not ...}


def refused(endpoint: Endpoint, path: str, body: dict[str, Any], *, code: int = 400) -> str:
    """Why it is refused; nothing of it is stored."""
    answer = endpoint.send(path, body)
    assert answer.status_code == code, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json().keys() == {"detail"}
    name = body.get("product_name")
    if isinstance(name, str):
        assert not endpoint.deployments(name)
        assert not endpoint.builds(name)
    detail: str = answer.json()["detail"]
    return detail


def told(endpoint: Endpoint, path: str, body: dict[str, Any]) -> httpx.Response:
    answer = endpoint.send(path, body)
    assert answer.status_code == 200, answer.text
    return answer
