"""What it costs to store a report: the server with and without a store, a tutorial's service, the stores alone."""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import uvloop
from rich.console import Console
from rich.table import Table

from bench.alone import bare_creates, flat_out, kubernetes_store, pgbench, reports, sql_store
from bench.gauges import Say, flush_ms, machine
from bench.posting import Posted, post
from bench.servers import Subject, database_server, ours, tutorial
from deploytrail.telemetry import configure_logging
from tests.controlplane.crds import install_crds
from tests.controlplane.server import ControlPlane

RESULTS = Path(__file__).parent / "results" / "stores.json"
PARTS = ("posting", "alone", "kubernetes")
CONNECTIONS = 64


@dataclass
class Series:
    """One thing that was measured, round after round."""

    rates: list[float] = field(default_factory=list)
    p50s: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    """Of the server's process, for each answer."""
    resident: float | None = None
    """MiB after all rounds."""
    failed: int = 0

    def add(self, posted: Posted) -> None:
        self.rates.append(posted.rate)
        self.p50s.append(posted.p50)
        self.p99s.append(posted.p99)
        self.failed += posted.failed


Measured = dict[str, Series]


@dataclass(frozen=True)
class Ratio:
    """One rate by another, of the same round; the aim is what it should be at least."""

    part: str
    of: str
    by: str
    aim: float

    def values(self, measured: Measured) -> list[float]:
        return [one / other for one, other in zip(measured[self.of].rates, measured[self.by].rates, strict=True)]


RATIOS = (
    Ratio("posting", "POST, PostgreSQL", "POST, nothing stored", 0.75),
    Ratio("posting", "POST, PostgreSQL", "POST, tutorial", 8),
    Ratio("alone", "PostgreSQL store, 64", "pgbench, 64", 2.2),
    Ratio("alone", "PostgreSQL store, 256", "pgbench, 256", 2.8),
    Ratio("alone", "SQLite store, 64", "pgbench, 64", 3),
    Ratio("kubernetes", "Kubernetes store, 64", "bare client, 64", 0.7),
)


def main() -> int:
    """Measure, print and keep; ends by itself."""
    asked = _arguments()
    before = machine(("fastapi", "uvicorn", "pydantic", "sqlalchemy", "asyncpg")) | {
        "fdatasync": f"{flush_ms():.2f} ms"
    }
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - begun:4.0f} s] {line}", file=sys.stderr, flush=True)

    configure_logging(level="error", style="json")
    measured: Measured = defaultdict(Series)
    parts: dict[str, Callable[[Measured, argparse.Namespace, Say], None]] = {
        "posting": measure_posting,
        "alone": measure_alone,
        "kubernetes": measure_kubernetes,
    }
    for part in asked.only:
        parts[part](measured, asked, say)
    show(before, measured, asked.only)
    keep(asked.output, before, measured, asked.only)
    say(f"kept in {asked.output}")
    return 0


def measure_posting(measured: Measured, asked: argparse.Namespace, say: Say) -> None:
    """One server after the other, 64 connections each; all of them run, and those that are not asked do nothing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="deploytrail-bench-")))
        database = stack.enter_context(database_server())
        subjects = [
            stack.enter_context(ours("POST, nothing stored", "sqlite:///unused", folder / "0", "bench.unstored")),
            stack.enter_context(ours("POST, PostgreSQL", database.create_database(), folder / "1")),
            stack.enter_context(ours("POST, SQLite", f"sqlite:///{folder}/deploytrail.db", folder / "2")),
            stack.enter_context(tutorial(database.create_database(), folder / "3")),
        ]
        for number, subject in _rounds(subjects, asked, say):
            used = subject.cpu
            posted = uvloop.run(
                post(subject.port, subject.key, f"r{number}", connections=CONNECTIONS, seconds=asked.seconds)
            )
            if number:  # the first is for warming up
                series = measured[subject.name]
                series.add(posted)
                series.cpu_us.append((subject.cpu - used) / len(posted.milliseconds) * 1e6)
        for subject in subjects:
            measured[subject.name].resident = subject.resident


def _rounds(subjects: list[Subject], asked: argparse.Namespace, say: Say) -> Iterator[tuple[int, Subject]]:
    for number in range(asked.rounds + 1):
        say(f"posting, round {number} of {asked.rounds}")
        for subject in subjects:
            yield number, subject


def measure_alone(measured: Measured, asked: argparse.Namespace, say: Say) -> None:
    """Stores in this process, and pgbench on the same server; each round on a database that has some rows already."""
    with database_server() as database, TemporaryDirectory(prefix="deploytrail-bench-") as folder:
        url, file = database.create_database(), f"sqlite:///{folder}/deploytrail.db"
        for number in range(asked.rounds + 1):
            say(f"stores alone, round {number} of {asked.rounds}")
            for clients in (64, 256):
                told = reports(f"alone-{number}-{clients}", asked.reports)
                found = {
                    f"PostgreSQL store, {clients}": asyncio.run(_record(url, told, clients)),
                    f"pgbench, {clients}": pgbench(database, url, clients=clients, rows=asked.reports),
                    f"SQLite store, {clients}": asyncio.run(_record(file, told, clients)),
                }
                for name, posted in found.items():
                    if number:
                        measured[name].add(posted)


async def _record(url: str, told: list, at_once: int) -> Posted:  # type: ignore[type-arg]
    async with sql_store(url) as store:
        return await flat_out(told, store.record, at_once=at_once)


def measure_kubernetes(measured: Measured, asked: argparse.Namespace, say: Say) -> None:
    """Creates on one API server, etcd waiting for the disk: by the store, and by a client that does nothing else."""
    with ControlPlane(fsync=True) as plane:
        install_crds(plane)
        ours, theirs = plane.create_namespace(), plane.create_namespace()
        for number in range(asked.rounds + 1):
            say(f"kubernetes, round {number} of {asked.rounds}")
            told = reports(f"create-{number}", asked.creates)
            stored = asyncio.run(_create(plane, ours, told))
            bare = asyncio.run(bare_creates(plane, theirs, told, at_once=CONNECTIONS))
            if number:
                measured["Kubernetes store, 64"].add(stored)
                measured["bare client, 64"].add(bare)


async def _create(plane: ControlPlane, namespace: str, told: list) -> Posted:  # type: ignore[type-arg]
    async with kubernetes_store(plane, namespace) as store:
        return await flat_out(told, store.record, at_once=CONNECTIONS)


def show(machine: dict[str, str], measured: Measured, parts: list[str]) -> None:
    """Print what was measured, and the ratios that are aimed at."""
    console = Console(width=120)
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), soft_wrap=True)
    table = Table(title="Reports stored", title_justify="left")
    for column in ("", "a second", "p50", "p99", "server CPU", "memory", "failed"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name, series in measured.items():
        cpu = f"{median(series.cpu_us):.0f} µs" if series.cpu_us else ""
        table.add_row(
            name,
            f"{median(series.rates):.0f}",
            f"{median(series.p50s):.1f} ms",
            f"{median(series.p99s):.1f} ms",
            cpu,
            f"{series.resident:.0f} MiB" if series.resident else "",
            str(series.failed),
        )
    console.print(table)
    ratios = Table(title="Ratios, medians of rounds", title_justify="left")
    for column in ("", "÷", "ratio", "range", "aim"):
        ratios.add_column(column)
    for ratio in _of(parts):
        values = ratio.values(measured)
        met = "met" if median(values) >= ratio.aim else "MISSED"
        spread = f"{min(values):.2f} to {max(values):.2f}"
        ratios.add_row(ratio.of, ratio.by, f"{median(values):.2f}", spread, f"≥ {ratio.aim:g}: {met}")
    console.print(ratios)


def keep(path: Path, machine: dict[str, str], measured: Measured, parts: list[str]) -> None:
    """Write the same as JSON, every round of it."""
    document = {
        "machine": machine,
        "measured": {name: vars(series) for name, series in measured.items()},
        "ratios": [
            {"of": each.of, "by": each.by, "aim": each.aim, "rounds": each.values(measured)} for each in _of(parts)
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def _of(parts: list[str]) -> list[Ratio]:
    return [ratio for ratio in RATIOS if ratio.part in parts]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.stores", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help="of what to measure")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each part, after one for warming up")
    parser.add_argument("--seconds", type=float, default=3, help="posting: how long each round takes")
    parser.add_argument("--reports", type=int, default=6000, help="alone: how many each stores in a round")
    parser.add_argument("--creates", type=int, default=1000, help="kubernetes: how many are created in each round")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
