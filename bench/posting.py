"""Reports over HTTP, each sent as soon as the one before it on its connection is answered."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import cast

PATH = "/api/hooks/v2/deployment"
SIZE = 500
"""Bytes of a body."""

TOOK = timedelta(minutes=15, seconds=30)
"""From the start of a deployment to its end."""

PATIENCE = 30.0
"""Seconds that the last answers may take."""


@dataclass
class Posted:
    """What came back."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    """From the first byte sent to the last received, of each request."""
    failed: int = 0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (len(self.milliseconds) - self.failed) / self.seconds

    @property
    def p50(self) -> float:
        return quantiles(self.milliseconds, n=100)[49]

    @property
    def p99(self) -> float:
        return quantiles(self.milliseconds, n=100)[98]


def bodies(name: str) -> Iterator[bytes]:
    """Reports of deployments that nobody has told of before and that have just ended, as Hivel's clients send them."""
    for number in itertools.count():
        ended = datetime.now(UTC)
        event = {
            "deployment_id": f"{name}-{number}",
            "event_type": "completed",
            "status": "success",
            "repo_url": "https://github.com/acme/shop",
            "commit_hash": "abc123def456789012345678901234567890abcd",
            "environment": "production",
            "start_time": (ended - TOOK).isoformat(),
            "end_time": ended.isoformat(),
            "branch": "main",
            "image": f"acme/shop:{number}",
        }
        body = json.dumps(event | {"note": ""}).encode()
        yield json.dumps(event | {"note": "x" * (SIZE - len(body))}).encode()


async def post(port: int, key: str, name: str, *, connections: int, seconds: float) -> Posted:
    """Keep so many connections busy for so long; what is under way at the end is waited for."""
    loop, posted, content = asyncio.get_running_loop(), Posted(), bodies(name)
    end = time.perf_counter() + seconds
    begun = time.perf_counter()
    clients = [_Client(key, content, posted, end) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    async with asyncio.timeout(seconds + PATIENCE):
        await asyncio.gather(*(client.over for client in clients))
    posted.seconds = time.perf_counter() - begun
    return posted


class _Client(asyncio.Protocol):
    """One connection. Small, so that it is the server that is measured."""

    def __init__(self, key: str, content: Iterator[bytes], posted: Posted, end: float) -> None:
        said = f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nX-API-Token: {key}\r\nContent-Type: application/json\r\n"
        self._head = f"{said}Content-Length: ".encode()
        self._content, self._posted, self._end = content, posted, end
        self._received = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].split(None, 1)[0]):
            return
        now = time.perf_counter()
        self._posted.milliseconds.append((now - self._sent) * 1000)
        self._posted.failed += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        if now < self._end:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def _send(self) -> None:
        body = next(self._content)
        self._sent = time.perf_counter()
        self._transport.write(self._head + b"%d\r\n\r\n" % len(body) + body)
