"""What questions cost over a long history: every question of the read API and the pages, asked of the product itself.

A history is made in SQLite and in PostgreSQL (a progress bar tells how far it is), and one as objects on a real API
server; then each question is asked again and again, and the time to its answer is measured, but for the network.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.gauges import machine
from bench.history import DAYS, END, ENVIRONMENTS, RARE_ENVIRONMENT, RARE_STATUS, History, make, progress
from deploytrail.app import apis, tune_collector
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.kube.client import Kube
from deploytrail.record.model import Facts, Report, Source, Status, Telling
from deploytrail.serve.api import build_api
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.routes import page_routes
from deploytrail.serve.pages.settings import PageSettings
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.store import SqlStore
from tests.controlplane.server import ControlPlane
from tests.fakes import SECRET, FakeReadiness, key
from tests.keys_in_memory import MemoryKeys
from tests.postgresql.server import Postgresql
from tests.waiting import until

RESULTS = Path(__file__).parent / "results" / "questions.json"
STORES = ("postgresql", "sqlite", "kubernetes")
AIM_MS = 25.0
HOME = "deploytrail"

_P, _V = "product-042", "v7"
_RECENT = (END - timedelta(days=3)).isoformat().replace("+00:00", "Z")
_LONG_AGO = (END - timedelta(days=500)).isoformat().replace("+00:00", "Z")

QUESTIONS: dict[str, str] = {
    "deployments": "/api/v1/deployments",
    "deployments of a product": f"/api/v1/deployments?product={_P}",
    "deployments of a place": f"/api/v1/deployments?product={_P}&environment=production",
    "deployments of a place that failed": f"/api/v1/deployments?product={_P}&environment=production&status=failed",
    "deployments of a version of a product": f"/api/v1/deployments?product={_P}&version={_V}",
    "deployments of a version": f"/api/v1/deployments?version={_V}",
    "deployments to an environment": "/api/v1/deployments?environment=staging",
    "deployments to a rare environment": f"/api/v1/deployments?environment={RARE_ENVIRONMENT}",
    "deployments to an unknown environment": "/api/v1/deployments?environment=nowhere",
    "deployments that failed": "/api/v1/deployments?status=failed",
    "deployments of a rare status": f"/api/v1/deployments?status={RARE_STATUS}",
    "deployments by an unused source": "/api/v1/deployments?source=quanta",
    "deployments that are not counted": "/api/v1/deployments?counted=false",
    "deployments since three days": f"/api/v1/deployments?since={_RECENT}",
    "deployments until 500 days ago": f"/api/v1/deployments?until={_LONG_AGO}",
    "deployments that failed until 500 days ago": f"/api/v1/deployments?status=failed&until={_LONG_AGO}",
    "deployments to production until 500 days ago": f"/api/v1/deployments?environment=production&until={_LONG_AGO}",
    "deployments of a product until 500 days ago": f"/api/v1/deployments?product={_P}&until={_LONG_AGO}",
    "deployments to production since three days": f"/api/v1/deployments?environment=production&since={_RECENT}",
    "builds": "/api/v1/builds",
    "builds of a product": f"/api/v1/builds?product={_P}",
    "builds of a version": f"/api/v1/builds?product={_P}&version={_V}",
    "where a version has been": f"/api/v1/versions/{_P}/{_V}",
    "annotations": "/api/v1/annotations",
    "gaps": "/api/v1/gaps",
    "what runs where": "/api/v1/environments",
    "what runs in production": "/api/v1/environments?environment=production",
    "DORA, 90 days": "/api/v1/dora",
    "DORA, two years": "/api/v1/dora?since=2024-11-26",
    "DORA, two years, every environment": "/api/v1/dora?since=2024-11-26&environment=*",
    "DORA by week, a year": "/api/v1/dora?since=2025-11-26&bucket=week",
    "DORA by month, two years": "/api/v1/dora?since=2024-11-26&bucket=month",
    "DORA by day, 90 days": "/api/v1/dora?bucket=day",
    "DORA of a product, two years": f"/api/v1/dora?product={_P}&since=2024-11-26",
    "DORA of a team, 90 days": "/api/v1/dora?team=team-03",
    "DORA by product, 90 days": "/api/v1/dora?by=product",
    "DORA by team, 90 days": "/api/v1/dora?by=team",
    "DORA by environment, 90 days": "/api/v1/dora?by=environment&environment=*",
    "the page: what runs where": "/",
    "the page: timeline": "/timeline",
    "the page: DORA": "/dora",
}


@dataclass(frozen=True)
class Answered:
    """How long the answers to one question took, in milliseconds."""

    store: str
    deployments: int
    question: str
    p50: float
    p99: float
    most: float
    asked: int


def main() -> int:
    """Make the histories, ask, print and keep."""
    asked = _arguments()
    before = machine()
    found: list[Answered] = []
    for store in asked.only:
        found += asyncio.run(_measure(store, asked))
    _show(before, found)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    kept = {"machine": before, "questions": [asdict(each) for each in found]}
    asked.output.write_text(json.dumps(kept, indent=2) + "\n")
    print(f"kept in {asked.output}", file=sys.stderr)
    return 0


async def _measure(name: str, asked: argparse.Namespace) -> list[Answered]:
    sizes = {"postgresql": asked.postgresql, "sqlite": asked.sqlite, "kubernetes": asked.objects}
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(_filled(name, sizes[name], asked))
        ask = _asker(store)
        tune_collector()  # as the product does when it starts
        found = []
        for question, path in QUESTIONS.items():
            found.append(await _time(name, sizes[name], question, path, ask, asked.times))
        return found


@asynccontextmanager
async def _filled(name: str, size: int, asked: argparse.Namespace) -> AsyncIterator[Store]:
    """The store, which has recorded for as long as its history goes back, as one has that was exported and imported."""
    async with _stored(name, size, asked) as store:
        await store.began_by(END - timedelta(days=DAYS))
        yield store


@asynccontextmanager
async def _stored(name: str, size: int, asked: argparse.Namespace) -> AsyncIterator[Store]:
    if name == "kubernetes":
        with ControlPlane() as plane:
            async with _objects(plane, size) as store:
                yield store
        return
    if name == "sqlite":
        with tempfile.TemporaryDirectory(prefix="deploytrail-bench-") as folder:
            async with _sql(f"sqlite:///{folder}/history.db", size) as store:
                yield store
        return
    if asked.url:
        async with _sql(asked.url, size, fill=False) as store:
            yield store
        return
    with history_server() as server:
        async with _sql(server.create_database(), size) as store:
            yield store


def history_server() -> Postgresql:
    """With the memory of one of its own; so many rows are made sooner without what looks after them."""
    return Postgresql(
        shared_buffers="2GB", maintenance_work_mem="1GB", max_wal_size="8GB", wal_level="minimal",
        max_wal_senders="0", autovacuum="off",
    )  # fmt: skip


@asynccontextmanager
async def _sql(url: str, size: int, *, fill: bool = True) -> AsyncIterator[Store]:
    if fill:
        await make(url, History(size))
    store = SqlStore(database_of(url))
    await store.start()
    try:
        await until(store.check)
        yield store
    finally:
        await store.stop()


@asynccontextmanager
async def _objects(plane: ControlPlane, size: int) -> AsyncIterator[Store]:
    plane.kubectl("apply", "-f", "crds")
    plane.kubectl("create", "namespace", HOME)
    for kind in ("deploymentevents", "buildevents", "annotations", "versions"):
        plane.kubectl("wait", "--for=condition=Established", f"crd/{kind}.deploytrail.dev")
    kube = await Kube.connect(plane.kubeconfig)
    store = KubernetesStore(kube, namespace=HOME)
    await store.start()
    try:
        await until(store.check)
        with progress() as bar:
            task, numbers = bar.add_task("objects", total=size), iter(range(size))

            async def write() -> None:
                for number in numbers:
                    await store.record(_report(number, size))
                    bar.advance(task)

            await asyncio.gather(*(write() for _ in range(32)))
        yield store
    finally:
        await store.stop()
        await kube.close()


def _report(number: int, size: int) -> Report:
    at = END - (size - number) * (timedelta(days=90) / size)
    status = Status.FAILED if number % 20 == 3 else Status.COMPLETED
    place = number % 1000
    told = Telling(source=Source.VERSIONER, status=status, at=at, received_at=at, fingerprint=f"{number}")
    facts = Facts(
        product=f"product-{place % 200:03}", environment=ENVIRONMENTS[place // 200], version=f"v{number // 1000}",
        metadata={"team": f"team-{place % 20:02}"}, committed_at=at - timedelta(seconds=number * 7919 % 200_000),
    )  # fmt: skip
    return Report(id=f"bench-{number}", telling=told, facts=facts, started_at=at, finished_at=at)


def _asker(store: Store) -> Callable[[str], Awaitable[httpx.Response]]:
    ring, rates, seen = KeyRing([key()]), Rates(rate=0, burst=0), PageSettings(anonymous=True)
    live, dora = Live(store), DoraSettings()
    pages = page_routes(store, tuple, settings=seen, dora=dora, live=live, ring=ring, rates=rates, clock=_now)
    api = build_api(
        store, ring, FakeReadiness(), _now, keys=MemoryKeys(KeyRing()), apis=apis(), rates=rates, pages=pages
    )
    client = httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://deploytrail")
    headers = {"Authorization": f"Bearer {SECRET}"}
    return lambda path: client.get(path, headers=headers)


def _now() -> datetime:
    return END


async def _time(
    store: str, size: int, question: str, path: str, ask: Callable[[str], Awaitable[httpx.Response]], times: int
) -> Answered:
    first = await ask(path)
    if first.status_code != 200:
        raise RuntimeError(f"{path} was answered {first.status_code}: {first.text[:200]}")
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await ask(path)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return Answered(store, size, question, took[len(took) // 2], took[int(len(took) * 0.99)], took[-1], times)


def _show(where: dict[str, str], found: list[Answered]) -> None:
    console = Console()
    console.print(", ".join(f"{name} {value}" for name, value in where.items()), soft_wrap=True)
    for store in dict.fromkeys(each.store for each in found):
        mine = [each for each in found if each.store == store]
        table = Table(title=f"Questions to {store}, {mine[0].deployments:,} deployments, ms", title_justify="left")
        for column in ("question", "p50", "p99", "most", "aim"):
            table.add_column(column, justify="left" if column == "question" else "right")
        for each in mine:
            aim = "met" if each.p99 < AIM_MS else "MISSED"
            table.add_row(
                each.question, f"{each.p50:.1f}", f"{each.p99:.1f}", f"{each.most:.1f}", f"< {AIM_MS:g}: {aim}"
            )
        console.print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.questions", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=STORES, default=STORES, metavar="STORE", help="of which stores")
    parser.add_argument("--postgresql", type=int, default=10_000_000, help="deployments in PostgreSQL")
    parser.add_argument("--sqlite", type=int, default=1_000_000, help="deployments in SQLite")
    parser.add_argument("--objects", type=int, default=20_000, help="deployments on the API server")
    parser.add_argument("--times", type=int, default=200, help="how often each question is asked")
    parser.add_argument("--url", help="a PostgreSQL database that holds a history already")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
