"""What it costs to refuse a stranger: ``python -m bench.refusal``. CPU of this process, without a network.

Bytes of a request go into the HTTP server as a connection would feed it, and its answer is thrown away. First the
server alone, with an application that answers a constant; then with ours. The difference is what a refusal costs us.
"""

import asyncio
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from deploytrail.app import apis, dialects
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.recorder import Recorder
from deploytrail.serve.api import build_api
from deploytrail.serve.connections import Connections
from deploytrail.serve.protocol import LimitedConfig, LimitedProtocol, ServerLimits
from deploytrail.settings import load
from deploytrail.sources.http.lane import IngestLane
from deploytrail.stores.memory import MemoryStore
from tests.fakes import FakeReadiness, key, stopped_clock
from tests.keys_in_memory import MemoryKeys

MOST = 50.0
"""Microseconds of CPU that refusing one request may cost us."""

ROUNDS, REQUESTS = 7, 2000
_BODY = b'{"detail":"Invalid API key"}'


@dataclass(frozen=True)
class Case:
    """A request that is to be refused."""

    name: str
    line: str
    headers: tuple[str, ...] = ()

    @property
    def content(self) -> bytes:
        return "\r\n".join([f"{self.line} HTTP/1.1", "Host: deploytrail", *self.headers, "", ""]).encode()


def cases() -> Iterator[Case]:
    """Strangers at every door, with as much in their hands as the server lets in."""
    spare = tuple(f"X-Header-{number}: {'x' * 120}" for number in range(95))
    for dialect in dialects(load({}, None)):
        line = f"{dialect.methods[-1]} {dialect.paths[0]}"
        said = ("Authorization: Bearer dtk_wrong", "X-API-Token: dtk_wrong", "X-Workspace-Key: dtk_wrong")
        yield Case(f"{dialect.name}: no key", line)
        yield Case(f"{dialect.name}: wrong key", line, (*said, "Content-Type: application/json", "Content-Length: 0"))
        yield Case(f"{dialect.name}: 95 headers", line, spare)
        yield Case(f"{dialect.name}: 15 KiB of query", f"{line}?auth_token=%41{'&a=%41' * 2500}")
        yield Case(
            f"{dialect.name}: 15 KiB of key", line, tuple(f"{name.partition(':')[0]}: {'x' * 5000}" for name in said)
        )
    for path in ("/api/v1/deployments", "/api/v1/deployments/x", "/api/v1/keys", "/notification-preferences/"):
        yield Case(f"GET {path}: no key", f"GET {path}")
        yield Case(f"GET {path}: wrong key", f"GET {path}", ("Authorization: Bearer dtk_wrong",))
    yield Case("a path that there is not", "GET /wp-login.php")
    yield Case("a long path that there is not", f"GET /{'a/' * 7000}")


class _Nowhere(asyncio.Transport):
    code = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.code = bytes(data[9:12]) if bytes(data[:5]) == b"HTTP/" else self.code

    def close(self) -> None: ...

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def constant(scope: Scope, receive: Receive, send: Send) -> None:
    """The least that an application can do."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def ours() -> IngestLane:
    """Lane and API as the product builds them."""
    store, ring, rates = MemoryStore(), KeyRing([key()]), Rates(rate=50, burst=500)
    api = build_api(store, ring, FakeReadiness(), stopped_clock, keys=MemoryKeys(KeyRing()), apis=apis(), rates=rates)
    spoken = dialects(load({}, None))
    return IngestLane(spoken, recorder=Recorder(store), ring=ring, clock=stopped_clock, fallback=api, rates=rates)


async def cost(app: ASGIApp, content: bytes) -> tuple[float, str]:
    """Microseconds of CPU for one request, in the best of some rounds, and the code of the answer."""
    config = LimitedConfig(app, interface="asgi3", lifespan="off", ws="none", log_config=None, access_log=False)
    config.limits, config.open, config.explain = ServerLimits(), Connections(10), lambda path, error: None
    protocol, wire = LimitedProtocol(config, ServerState(), {}, asyncio.get_running_loop()), _Nowhere()
    protocol.connection_made(wire)
    seconds = [await _round(lambda: protocol.data_received(content), protocol) for _ in range(ROUNDS)]
    protocol.connection_lost(None)
    return min(seconds) / REQUESTS * 1e6, wire.code.decode()


async def _round(send: Callable[[], None], protocol: LimitedProtocol) -> float:
    began = time.process_time()
    for _ in range(REQUESTS):
        send()
        while not protocol.cycle.response_complete:
            await asyncio.sleep(0)
    return time.process_time() - began


async def main() -> None:
    """Print a table, and the worst of it."""
    app, worst = ours(), 0.0
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}; µs of CPU a request")
    print(f"{'':44} {'code':>4} {'server':>7} {'ours':>6}")
    for case in cases():
        alone, _ = await cost(constant, case.content)
        together, code = await cost(app, case.content)
        worst = max(worst, together - alone)
        print(f"{case.name:44} {code:>4} {alone:7.1f} {together - alone:6.1f}", flush=True)
    print(f"worst: {worst:.1f} µs, and {MOST:g} are allowed")


if __name__ == "__main__":
    asyncio.run(main())
