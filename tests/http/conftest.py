"""One endpoint for the tests of a module: they tell their deployments apart by id."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from deploytrail.telemetry import configure_logging
from tests.http.endpoint import Endpoint


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything the endpoint writes to the log, whatever its level; not what the tests' own client writes."""
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", written)
        configure_logging(level="debug", style="json")
    clients = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    for client in clients:
        client.propagate = False
    yield written
    for client in clients:
        client.propagate = True
    root.handlers[:] = handlers
    root.setLevel(level)
