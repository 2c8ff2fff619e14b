"""Clients that repeat every report until it is acknowledged, and remember which were."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Self

import httpx

from tests.operator_process import INGEST, Operator

CLIENTS = 12
PATIENCE = 180.0
"""Seconds in which a report has to be acknowledged, whatever is killed meanwhile: a busy machine starts slowly."""

POISON = "poison"
"""A product that the database refuses, where it was taught to (tests.contract.databases)."""

_AGAIN = 0.2
"""Seconds until the next attempt: whoever tries all the time keeps the server from coming back."""


@dataclass(frozen=True)
class Post:
    """One report as it is sent, every time anew."""

    path: str
    body: str
    poison: bool = False


class Load:
    """Reports about one product, from many clients at once; ``async with`` ends when what was begun is delivered."""

    def __init__(self, operator: Operator, product: str, random: Random, *, poison: bool = False) -> None:
        self.product = product
        self.sent: set[str] = set()
        """Bodies that were sent at least once."""
        self.acknowledged: set[str] = set()
        self.refused: list[str] = []
        """Reports that were answered as if they were wrong, and are not."""
        self._operator, self._random, self._poison = operator, random, poison
        self._numbers = itertools.count()
        self._moved = asyncio.Condition()
        self._over = False
        self._last: Post | None = None

    async def __aenter__(self) -> Self:
        self._clients = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over = True
        if kind is not None:  # what went wrong is to be seen, not what became of the clients for it
            for client in self._clients:
                client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=kind is not None)

    async def until(self, more: int) -> None:
        """Wait for so many more acknowledgements."""
        enough = len(self.acknowledged) + more
        async with asyncio.timeout(PATIENCE), self._moved:
            await self._moved.wait_for(lambda: len(self.acknowledged) >= enough or self._clients_ended())

    async def again(self) -> None:
        """Repeat, alone, what was acknowledged last, as a sender does to whom the answer was lost."""
        assert self._last is not None
        async with self._connected() as client:
            await self._deliver(client, self._last)

    def _clients_ended(self) -> bool:
        return any(client.done() for client in self._clients)

    async def _client(self, number: int) -> None:
        async with self._connected() as client:
            while not self._over:
                for post in self._next(number):
                    # Now and then twice at once, as senders do that lost patience.
                    copies = 2 if self._random.random() < 0.2 else 1
                    await asyncio.gather(*(self._deliver(client, post) for _ in range(copies)))

    def _connected(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_keepalive_connections=2)
        return httpx.AsyncClient(base_url=self._operator.url, limits=limits, timeout=10, verify=False)

    def _next(self, client: int) -> Iterator[Post]:
        """What belongs together, in its order: a deployment that is over, one in two states, a build."""
        name = f"{self.product}-{client}-{next(self._numbers)}"
        match self._random.randrange(4 if self._poison else 3):
            case 0:
                yield Post(INGEST, json.dumps(_over(name, self.product)))
            case 1:
                for status in ("started", "success"):
                    yield Post("/deployment-events/", json.dumps(_state(name, self.product, status)))
            case 2:
                yield Post("/build-events/", json.dumps(_build(name, self.product)))
            case _:
                yield Post("/deployment-events/", json.dumps(_state(name, POISON, "success")), poison=True)

    async def _deliver(self, client: httpx.AsyncClient, post: Post) -> None:
        headers = {"X-API-Token": self._operator.key, "Authorization": f"Bearer {self._operator.key}"}
        headers["Content-Type"] = "application/json"
        self.sent.add(post.body)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await client.post(post.path, content=post.body, headers=headers)
                except httpx.TransportError:
                    await asyncio.sleep(_AGAIN)
                    continue
                if answer.status_code != 503:
                    break
                await asyncio.sleep(_AGAIN)
        if post.poison == answer.is_success:
            self.refused.append(f"{answer.status_code} {answer.text} to {post.body}")
        if answer.is_success:
            self._last = post
            async with self._moved:
                self.acknowledged.add(post.body)
                self._moved.notify_all()


def _over(name: str, product: str) -> dict[str, Any]:
    return {
        "deployment_id": name,
        "event_type": "completed",
        "status": "success",
        "start_time": "2026-03-02T12:00:00Z",
        "end_time": "2026-03-02T12:01:00Z",
        "repo_url": f"https://git.example/{product}",
        "environment": "production",
        "branch": "main",
        "commit_hash": "abc123def456",
        "image": f"registry.example/{product}:{name}",
    }


def _state(name: str, product: str, status: str) -> dict[str, Any]:
    # The version is its own: reports without ids are one deployment as long as they speak of the same.
    return {"product_name": product, "version": name, "environment_name": "production", "status": status}


def _build(name: str, product: str) -> dict[str, Any]:
    return {"product_name": product, "version": name, "status": "completed", "scm_sha": "abc123def456"}
