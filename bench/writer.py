"""Argo CD's hand: writes Applications to the API server, as fast as it takes them or at a given rate."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from bench.applications import NAMESPACE
from tests.argocd.shapes import Json
from tests.controlplane.server import ControlPlane

AT_ONCE = 8
"""Requests under way at a time: enough to keep two cores busy with the API server."""

PATH = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications"

T = TypeVar("T")


@dataclass(frozen=True)
class Writer:
    """One administrator's session. Every change is one event for whoever watches."""

    session: aiohttp.ClientSession

    async def create(self, application: Json) -> None:
        await self._send("POST", PATH, application, "application/json")

    async def change(self, name: str, change: Json) -> None:
        await self._send("PATCH", f"{PATH}/{name}", change, "application/merge-patch+json")

    async def _send(self, method: str, path: str, body: Any, content_type: str) -> None:
        headers = {"Content-Type": content_type}
        async with self.session.request(method, path, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
            await answer.read()


@asynccontextmanager
async def writer(plane: ControlPlane) -> AsyncIterator[Writer]:
    """A writer for this API server."""
    trusted = ssl.create_default_context(cadata=plane.ca)
    headers = {"Authorization": f"Bearer {plane.admin_token}"}
    connector = aiohttp.TCPConnector(ssl=trusted, limit=0)
    async with aiohttp.ClientSession(plane.url, headers=headers, connector=connector) as session:
        yield Writer(session)


async def flat_out(jobs: Iterable[T], do: Callable[[T], Awaitable[None]], *, at_once: int = AT_ONCE) -> None:
    """Do all of them, in order of beginning, ``at_once`` at a time."""
    left = iter(jobs)

    async def work() -> None:
        for job in left:
            await do(job)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


async def at_rate(jobs: Iterable[T], do: Callable[[T], Awaitable[None]], *, per_second: float) -> None:
    """Begin one every ``1 / per_second`` seconds, whether the ones before have been answered or not."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.TaskGroup() as group:
        for number, job in enumerate(jobs):
            await asyncio.sleep(max(0.0, begun + number / per_second - loop.time()))
            group.create_task(_do(do, job))


async def _do(do: Callable[[T], Awaitable[None]], job: T) -> None:
    await do(job)
