"""From event to stored record, by the API server's own clock: its audit log says when it had answered each write."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles

from bench.applications import application, began, ended
from bench.gauges import Say, cpu, done
from bench.stage import Stage, Subject, Through, stage
from bench.writer import Writer, at_rate, flat_out, writer
from tests.controlplane.server import ControlPlane

SIZE = 10 * 1024
RATE = 50.0
LAG = 25
"""How many syncs are under way at a time: one ends for each one that begins."""

BURST_AT_ONCE = 32


@dataclass(frozen=True)
class LatencyResult:
    """Milliseconds from the answer to the write of an Application to the answer to the write of its record."""

    case: str
    events: int
    written_per_second: float
    p50: float
    p99: float
    most: float
    until_all_stored: float
    """Seconds from the first write to the last record."""
    cpu_ms: float
    """CPU time of the operator for each event."""


async def measure_latency(through: Through, *, seconds: float, burst: int, say: Say) -> list[LatencyResult]:
    """A burst of syncs that begin, then syncs that begin and end at a rate. Health is left for later."""
    syncs = round(seconds * RATE / 2)
    names = {"burst": [f"burst-{n:05}" for n in range(burst)], "rate": [f"rate-{n:05}" for n in range(syncs)]}
    with stage(through) as here:
        async with writer(here.plane) as hand:
            say(f"writing {burst + syncs} Applications of {SIZE / 1024:g} KB")
            every = names["burst"] + names["rate"]
            await flat_out([application(name, SIZE) for name in every], hand.create)
            async with here.operator() as subject:
                await subject.wait_for(len(every))
                # The burst first: half a minute after a sync has ended, its verdict is written too.
                return [
                    await _burst(here, hand, subject, names["burst"], say),
                    await _rate(here, hand, subject, names["rate"], say),
                ]


async def _burst(here: Stage, hand: Writer, subject: Subject, names: list[str], say: Say) -> LatencyResult:
    say(f"{len(names)} syncs begin at once")
    before = subject.cpu

    async def begin(name: str) -> None:
        await hand.change(name, began(name, datetime.now(UTC)))

    await flat_out(names, begin, at_once=BURST_AT_ONCE)
    return await _result("burst", here.plane, subject, names, before, writes=1)


async def _rate(here: Stage, hand: Writer, subject: Subject, names: list[str], say: Say) -> LatencyResult:
    say(f"{RATE:g} events a second: {len(names)} syncs begin and end")
    before = subject.cpu
    started: dict[str, datetime] = {}
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def go_on(name: str) -> None:
        async with turns[name]:
            now = datetime.now(UTC)
            change = ended(name, started[name], now) if name in started else began(name, now)
            started[name] = now
            await hand.change(name, change)

    await at_rate(_interleaved(names), go_on, per_second=RATE)
    return await _result("rate", here.plane, subject, names, before, writes=2)


def _interleaved(names: list[str]) -> list[str]:
    """Every name twice, the second time ``LAG`` others later."""
    first, again = iter(names), iter(names)
    order = [next(first) for _ in range(min(LAG, len(names)))]
    for name in first:
        order += [name, next(again)]
    return order + list(again)


async def _result(
    case: str, plane: ControlPlane, subject: Subject, names: list[str], before: float, *, writes: int
) -> LatencyResult:
    expected = len(names) * writes
    await done(subject.pid, lambda: len(_stored(plane, names, writes)) >= expected)
    used = cpu(subject.pid) - before
    pairs = _stored(plane, names, writes)
    waits = sorted((stored - written).total_seconds() * 1000 for written, stored in pairs)
    written = [written for written, _ in pairs]
    percentiles = quantiles(waits, n=100, method="inclusive")
    return LatencyResult(
        case=case,
        events=len(pairs),
        written_per_second=round(len(pairs) / (max(written) - min(written)).total_seconds(), 1),
        p50=round(percentiles[49], 1),
        p99=round(percentiles[98], 1),
        most=round(waits[-1], 1),
        until_all_stored=round((max(stored for _, stored in pairs) - min(written)).total_seconds(), 2),
        cpu_ms=round(used / expected * 1000, 2),
    )


def _stored(plane: ControlPlane, names: list[str], writes: int) -> list[tuple[datetime, datetime]]:
    """When an Application's change was answered, and when its record was, for every change that has its record."""
    wanted = set(names)
    applications, records = defaultdict(list), defaultdict(list)
    for name, at in _answered(plane, "applications", "patch"):
        applications[name].append(at)
    for record, at in _answered(plane, "deploymentevents", "create", "update"):
        records["-".join(record.split("-")[:2])].append(at)
    return [pair for name in wanted for pair in zip(applications[name][:writes], records[name][:writes], strict=False)]


def _answered(plane: ControlPlane, resource: str, *verbs: str) -> Iterator[tuple[str, datetime]]:
    """Names and times of the writes that the API server took; a record's status comes on top and is not counted."""
    for entry in plane.audited(resource, frozenset(verbs)):
        if entry["responseStatus"]["code"] < 300 and "subresource" not in entry["objectRef"]:
            yield entry["objectRef"]["name"], datetime.fromisoformat(entry["stageTimestamp"])
