"""The results for people and for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.cpu import CpuResult
from bench.latency import LatencyResult
from bench.memory import MemoryResult

RATIO_AT_MOST, MEMORY_AT_MOST, P99_BELOW = 4.0, 150.0, 50.0
"""The aims: at 10 KB; MiB with 10 000 Applications; milliseconds at 50 events a second."""

AIMED_SIZE = 10 * 1024

Results = Sequence[CpuResult | MemoryResult | LatencyResult]


def show(machine: Mapping[str, str], results: Results) -> None:
    """Print every table that there is something to say in."""
    console = Console()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), soft_wrap=True)
    cpu = [each for each in results if isinstance(each, CpuResult)]
    memory = [each for each in results if isinstance(each, MemoryResult)]
    latency = [each for each in results if isinstance(each, LatencyResult)]
    for table in (_cpu(cpu), _memory(memory), _latency(latency)):
        if table.rows:
            console.print(table)


def keep(path: Path, machine: Mapping[str, str], results: Results, **asked: Any) -> None:
    """Write the same as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {CpuResult: "cpu", MemoryResult: "memory", LatencyResult: "latency"}
    document: dict[str, Any] = {"machine": dict(machine), "asked": asked}
    for result in results:
        document.setdefault(parts[type(result)], []).append(asdict(result))
    path.write_text(json.dumps(document, indent=2) + "\n")


def _cpu(results: Sequence[CpuResult]) -> Table:
    table = _table("CPU per event of an Application", "event", "operator", "bare watch", "times", "range", "aim")
    for each in results:
        aim = _aim(each.ratio <= RATIO_AT_MOST, f"≤ {RATIO_AT_MOST:g}") if each.size == AIMED_SIZE else ""
        table.add_row(
            f"{each.wire_bytes / 1024:.1f} KB",
            f"{each.operator_us:.0f} µs",
            f"{each.bare_us:.0f} µs",
            f"{each.ratio:.1f}",
            f"{each.least:.1f} to {each.most:.1f}",
            aim,
        )
    return table


def _memory(results: Sequence[MemoryResult]) -> Table:
    columns = ("Applications", "of", "settled", "peak", "after changes", "peak", "CPU to start", "aim")
    table = _table("Resident memory, MiB", *columns)
    for each in results:
        met = max(each.settled, each.after_changes) <= MEMORY_AT_MOST
        table.add_row(
            str(each.applications),
            f"{each.size / 1024:g} KB" if each.applications else "",
            *(f"{value:.0f}" for value in (each.settled, each.peak, each.after_changes, each.peak_after_changes)),
            f"{each.seconds:.1f} s",
            _aim(met, f"≤ {MEMORY_AT_MOST:g}") if each.applications else "",
        )
    return table


def _latency(results: Sequence[LatencyResult]) -> Table:
    columns = ("case", "events", "written", "p50", "p99", "most", "all stored", "CPU per event", "aim")
    table = _table("From event to stored record, ms", *columns)
    for each in results:
        table.add_row(
            each.case,
            str(each.events),
            f"{each.written_per_second:.0f}/s",
            *(f"{value:.0f}" for value in (each.p50, each.p99, each.most)),
            f"after {each.until_all_stored:.1f} s",
            f"{each.cpu_ms:.1f} ms",
            _aim(each.p99 < P99_BELOW, f"p99 < {P99_BELOW:g}") if each.case == "rate" else "",
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _aim(met: bool, aim: str) -> str:
    return f"{aim}: {'met' if met else 'MISSED'}"
