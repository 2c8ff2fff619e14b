"""The real server, lane and read API on a loopback port, in a thread of their own."""

import asyncio
import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx
from prometheus_client import REGISTRY

from deploytrail.app import apis, dialects
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Annotation, Build, Deployment
from deploytrail.record.query import Query
from deploytrail.record.running import Running
from deploytrail.recorder import Recorder
from deploytrail.serve.api import build_api
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.routes import page_routes
from deploytrail.serve.protocol import ServerLimits
from deploytrail.serve.server import Server
from deploytrail.settings import load
from deploytrail.sources.http.body import Limits
from deploytrail.sources.http.lane import IngestLane
from deploytrail.sources.http.openapi import describe
from deploytrail.stores.memory import MemoryStore
from tests.fakes import SECRET, FakeReadiness, key, stopped_clock
from tests.keys_in_memory import MemoryKeys

HIVEL_PATH = "/api/hooks/v2/deployment"

_numbers = itertools.count(1)


def event(**changes: Any) -> dict[str, Any]:
    """The document's example under an id of its own; a change to ``...`` leaves the field out."""
    example = {
        "deployment_id": f"deploy-{next(_numbers)}",
        "event_type": "completed",
        "status": "success",
        "repo_url": "https://github.com/hivelai/webhook-logger",
        "commit_hash": "abc123def456789012345678901234567890abcd",
        "environment": "production",
        "start_time": "2025-09-22T12:00:00Z",
        "end_time": "2025-09-22T12:15:30Z",
        "branch": "main",
        "build_number": "12345",
        "pr_number": "71",
        "pr_numbers": [71, 35, 23],
        "image": "company/api-service:v1.2.3",
        "logs_url": "https://logs.example.com/deploy/20250922-1200",
    }
    return {name: value for name, value in (example | changes).items() if value is not ...}


class Endpoint:
    """Started on entering, stopped on leaving."""

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        ring: KeyRing | None = None,
        keys: KeyBackend | None = None,
        rates: Rates | None = None,
        readiness: FakeReadiness | None = None,
        limits: Limits | None = None,
        server_limits: ServerLimits | None = None,
        record_seconds: float = 5,
        clock: Callable[[], datetime] = stopped_clock,
        found: Callable[[], Iterable[Running]] = tuple,
        **settings: Any,
    ) -> None:
        self.store = store or MemoryStore()
        self._clock, self._found, self._settings = clock, found, load(settings, None)
        self.ring = ring or KeyRing([key(signing=True)])
        self.keys = keys or MemoryKeys(KeyRing())
        self._rates = rates or Rates(rate=0, burst=0)
        self.readiness = readiness or FakeReadiness()
        self._limits, self._server_limits, self._record_seconds = limits, server_limits, record_seconds
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="endpoint")
        self.port = 0

    def __enter__(self) -> "Endpoint":
        self._thread.start()
        assert self._listening.wait(10)
        self._client = self.client()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.ask_to_stop()
        self.join()

    def ask_to_stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # stopped already
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join(20)
        assert not self._thread.is_alive()

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=10, verify=False)

    def post(self, body: object, *, path: str = HIVEL_PATH, secret: str = SECRET, **headers: str) -> httpx.Response:
        """Send a body as Hivel's clients do: an object as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"X-API-Token": secret, "Content-Type": "application/json"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(path, content=content, headers=said)

    def send(
        self, path: str, body: object = None, *, secret: str | None = SECRET, method: str = "POST", **headers: str
    ) -> httpx.Response:
        """Send a body, with the key as a bearer token; an object as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        said = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"} if secret else {}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.request(method, path, content=content, headers=said)

    def get(self, path: str, *, secret: str = SECRET, **params: Any) -> httpx.Response:
        return self._client.get(path, params=params, headers={"Authorization": f"Bearer {secret}"})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def stored(self, deployment_id: str | None = None) -> list[Deployment]:
        """All records, or those of one of the sender's ids."""
        page = asyncio.run(self.store.find(Query(limit=1000)))
        wanted = (d for d in page.items if deployment_id in (None, d.metadata.get("deployment_id")))
        return list(wanted)

    def deployments(self, product: str) -> list[Deployment]:
        """The deployments of a product, newest first."""
        return list(asyncio.run(self.store.deployments.find(Query(product=product, limit=1000))).items)

    def builds(self, product: str) -> list[Build]:
        """The builds of a product, newest first."""
        return list(asyncio.run(self.store.builds.find(Query(product=product, limit=1000))).items)

    def annotations(self, product: str) -> list[Annotation]:
        """The notes of a product, newest first."""
        return list(asyncio.run(self.store.annotations.find(Query(product=product, limit=1000))).items)

    def recorded(self, text: str = "") -> list[Deployment | Build | Annotation]:
        """Every record, of whatever type, in whose first report the text stands."""
        shelves: list[Any] = [self.store.deployments, self.store.builds, self.store.annotations]
        found = [record for shelf in shelves for record in asyncio.run(shelf.find(Query(limit=1000))).items]
        return [record for record in found if text in (record.tellings[0].body or "")]

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        spoken = dialects(self._settings)
        live = Live(self.store)
        pages = page_routes(
            self.store,
            self._found,
            settings=self._settings.pages,
            dora=self._settings.dora,
            live=live,
            ring=self.ring,
            rates=self._rates,
            clock=self._clock,
        )
        api = build_api(
            self.store,
            self.ring,
            self.readiness,
            self._clock,
            self._found,
            told=describe(spoken),
            keys=self.keys,
            apis=apis(),
            rates=self._rates,
            pages=pages,
            metrics=self._settings.metrics,
        )
        lane = IngestLane(
            spoken,
            recorder=Recorder(self.store),
            ring=self.ring,
            clock=self._clock,
            fallback=api,
            limits=self._limits,
            rates=self._rates,
            record_seconds=self._record_seconds,
        )
        server = Server(lane, listen="127.0.0.1:0", limits=self._server_limits, explain=lane.explain)
        await server.start()
        self.port = server.port
        self._listening.set()
        await self._stop.wait()
        live.stop()
        await server.stop()


def receive_all(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def head(path: str = HIVEL_PATH, *, method: str = "POST", **headers: object) -> bytes:
    """A request's head as bytes, with a good key and type."""
    said = {"Host": "localhost", "X-API-Token": SECRET, "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def rejected(reason: str, source: str = "hivel") -> float:
    """How many reports were refused for this reason so far."""
    return REGISTRY.get_sample_value("deploytrail_reports_rejected_total", {"source": source, "reason": reason}) or 0.0


def heard(outcome: str) -> float:
    """How many reports had this outcome so far."""
    return REGISTRY.get_sample_value("deploytrail_reports_total", {"source": "hivel", "outcome": outcome}) or 0.0


def record(endpoint: Endpoint, **changes: object) -> Deployment:
    """What becomes of an event."""
    told = event(**changes)
    answer = endpoint.post(told)
    assert answer.status_code == 200, answer.text
    [stored] = endpoint.stored(told["deployment_id"])
    return stored


def refuse(endpoint: Endpoint, **changes: object) -> str:
    """Why an event is refused; nothing of it is stored."""
    before = len(endpoint.stored())
    answer = endpoint.post(event(**changes))
    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"message", "error"}
    assert answer.json()["message"] == "Validation failed"
    assert len(endpoint.stored()) == before
    error: str = answer.json()["error"]
    return error
