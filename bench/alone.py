"""Stores without a server around them, and what their databases do without us: pgbench, and a bare client."""

import asyncio
import re
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bench.posting import Posted, bodies
from deploytrail.kube.client import DEPLOYMENT_EVENTS, Kube
from deploytrail.kube.objects import to_object
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Report
from deploytrail.sources.http.body import Limits, decode
from deploytrail.sources.http.dialect import Head, Request
from deploytrail.sources.http.hivel import HIVEL
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.store import SqlStore
from tests.controlplane.server import ControlPlane
from tests.fakes import NOW, key
from tests.postgresql.server import Postgresql
from tests.waiting import until

Act = Callable[[Any], Awaitable[object]]

_TABLE = "CREATE TABLE IF NOT EXISTS bench_rows (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), body text)"
_INSERT = f"INSERT INTO bench_rows (body) VALUES ('{'x' * 500}');\n"


def reports(name: str, count: int) -> list[Report]:
    """Reports as the server would hand them to the store, made beforehand."""
    head, ours = Head(method="POST", path=HIVEL.paths[0], query="", headers={}), key()
    made = []
    for _, body in zip(range(count), bodies(name), strict=False):
        text, document = decode(body, Limits(), secret="")
        report = HIVEL.parse(Request(head=head, key=ours, received_at=NOW, text=text, document=document))
        assert isinstance(report, Report)
        made.append(report)
    return made


async def flat_out(items: list[Any], act: Act, *, at_once: int) -> Posted:
    """Every item, so many at a time."""
    posted, waiting = Posted(), iter(items)

    async def work() -> None:
        for item in waiting:
            sent = time.perf_counter()
            await act(item)
            posted.milliseconds.append((time.perf_counter() - sent) * 1000)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    posted.seconds = time.perf_counter() - begun
    return posted


@asynccontextmanager
async def sql_store(url: str) -> AsyncIterator[Store]:
    """The store, up."""
    store = SqlStore(database_of(url))
    await store.start()
    try:
        await until(store.check)
        yield store
    finally:
        await store.stop()


@asynccontextmanager
async def kubernetes_store(plane: ControlPlane, namespace: str) -> AsyncIterator[Store]:
    """The store, up."""
    kube = await Kube.connect(plane.kubeconfig)
    store = KubernetesStore(kube, namespace=namespace)
    await store.start()
    try:
        await until(store.check)
        yield store
    finally:
        await store.stop()
        await kube.close()


async def bare_creates(plane: ControlPlane, namespace: str, told: list[Report], *, at_once: int) -> Posted:
    """The same objects, created by a client that does nothing else."""
    objects = [to_object(decide(None, report).record, namespace=namespace) for report in told]
    url = plane.url + DEPLOYMENT_EVENTS.path(namespace)
    trusted = ssl.create_default_context(cadata=plane.ca)
    headers = {"Authorization": f"Bearer {plane.admin_token}"}
    connector = aiohttp.TCPConnector(ssl=trusted, limit=at_once)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def create(obj: dict[str, Any]) -> None:
            async with session.post(url, json=obj) as answer:
                answer.raise_for_status()
                await answer.json()

        return await flat_out(objects, create, at_once=at_once)


def pgbench(server: Postgresql, url: str, *, clients: int, rows: int) -> Posted:
    """Single-row inserts of 500 bytes, prepared, a connection for each client."""
    subprocess.run([server.binaries / "psql", "-q", url, "-c", _TABLE], check=True, capture_output=True)
    with TemporaryDirectory(prefix="deploytrail-pgbench-") as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(_INSERT)
        command = [str(server.binaries / "pgbench"), *("-n", "-M", "prepared", "-j", "2", "-l", "-c", str(clients))]
        command += ["-t", str(max(rows // clients, 1)), "-f", str(script), url]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        lines = [line for log in Path(folder).glob("pgbench_log.*") for line in log.read_text().splitlines()]
    milliseconds = [int(line.split()[2]) / 1000 for line in lines]
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    assert rate is not None
    return Posted(len(milliseconds) / float(rate[1]), milliseconds)
