"""Memory: an operator that starts where there are many Applications already."""

import asyncio
from dataclasses import dataclass

from bench.applications import application, compared, grown
from bench.gauges import Say, quiet
from bench.stage import Stage, Through, stage
from bench.writer import Writer, flat_out, writer

SETTLE_SECONDS = 6.0
"""After the last event: longer than kopf's workers wait for another one."""

PORTION = 2500


@dataclass(frozen=True)
class MemoryResult:
    """MiB of one process that has never seen anything else."""

    applications: int
    size: int
    settled: float
    """Resident, after it has listed everything and come to rest."""
    peak: float
    """The most it was until then."""
    after_changes: float
    """Resident, after every Application has changed once since."""
    peak_after_changes: float
    seconds: float
    """CPU time until it had come to rest."""


async def measure_memory(through: Through, sizes: list[int], *, applications: int, say: Say) -> list[MemoryResult]:
    """An empty cluster, then one with so many Applications, of one size after the other."""
    names = [f"many-{number:05}" for number in range(applications)]
    results: list[MemoryResult] = []
    with stage(through) as here:
        async with writer(here.plane) as hand:
            results.append(await _start(here, hand, [], 0))
            _tell(results[-1], say)
            for size in sizes:
                for some in _portions(names):
                    say(f"writing {size / 1024:g} KB Applications from {some[0]} to {some[-1]}")
                    await _write(hand, some, size, grow=size != sizes[0])
                results.append(await _start(here, hand, names, size))
                _tell(results[-1], say)
    return results


def _portions(names: list[str]) -> list[list[str]]:
    """In portions that are worth a line of progress each."""
    return [names[first : first + PORTION] for first in range(0, len(names), PORTION)]


async def _write(hand: Writer, names: list[str], size: int, *, grow: bool) -> None:
    async def write(name: str) -> None:
        if grow:
            await hand.change(name, grown(name, size))
        else:
            await hand.create(application(name, size))

    await flat_out(names, write)


async def _start(here: Stage, hand: Writer, names: list[str], size: int) -> MemoryResult:
    async with here.operator() as subject:
        await _rest(subject.pid)
        await subject.wait_for(len(names))
        await _rest(subject.pid)
        settled, peak, seconds = subject.resident, subject.peak, subject.cpu
        await flat_out(names, lambda name: hand.change(name, compared(size)))
        await subject.wait_for(2 * len(names))
        await _rest(subject.pid)
        return MemoryResult(
            applications=len(names),
            size=size,
            settled=round(settled, 1),
            peak=round(peak, 1),
            after_changes=round(subject.resident, 1),
            peak_after_changes=round(subject.peak, 1),
            seconds=round(seconds, 1),
        )


async def _rest(pid: int) -> None:
    await quiet(pid)
    await asyncio.sleep(SETTLE_SECONDS)
    await quiet(pid)


def _tell(result: MemoryResult, say: Say) -> None:
    say(f"{result.applications} Applications: {result.settled:.0f} MiB, {result.peak:.0f} at the most")
