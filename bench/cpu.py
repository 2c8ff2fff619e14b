"""CPU per event: the operator beside a bare watch of the same stream, in rounds that take turns between sizes."""

from dataclasses import dataclass
from itertools import count
from statistics import median

from bench.applications import application, compared
from bench.bare import Yardstick, yardstick
from bench.gauges import Say, cpu, quiet
from bench.stage import Subject, Through, stage
from bench.writer import Writer, flat_out, writer

APPLICATIONS = 500
"""Of each size. An Application's events are as far apart as in a cluster with many."""

TRIES = 20
"""How often both processes are found at rest before the events that are missing are given up."""


@dataclass(frozen=True)
class Round:
    """One round: what either process used for each event, in microseconds."""

    size: int
    operator: float
    bare: float
    wire_bytes: float
    """Of one event."""


@dataclass(frozen=True)
class CpuResult:
    """The medians of all rounds of one size."""

    size: int
    wire_bytes: int
    operator_us: float
    bare_us: float
    ratio: float
    """The median of the rounds' ratios, not the ratio of the medians."""
    least: float
    most: float


async def measure_cpu(through: Through, sizes: list[int], *, rounds: int, events: int, say: Say) -> list[CpuResult]:
    """Comparisons that find nothing, which is nearly all that Argo CD writes."""
    with stage(through) as here:
        async with writer(here.plane) as hand:
            say(f"writing {APPLICATIONS} Applications of each size")
            for size in sizes:
                names = [_name(size, number) for number in range(APPLICATIONS)]
                await flat_out([application(name, size) for name in names], hand.create)
            async with here.operator() as subject:
                await subject.wait_for(APPLICATIONS * len(sizes))
                with yardstick(here.plane) as bare:
                    return await _rounds(hand, subject, bare, sizes, rounds=rounds, events=events, say=say)


async def _rounds(
    hand: Writer,
    subject: Subject,
    bare: Yardstick,
    sizes: list[int],
    *,
    rounds: int,
    events: int,
    say: Say,
) -> list[CpuResult]:
    numbers = count()
    done: list[Round] = []
    await _round(hand, subject, bare, sizes[0], numbers, events // 4)  # what is done once is done here
    for turn in range(rounds):
        for size in sizes:
            done.append(await _round(hand, subject, bare, size, numbers, events))
            last = done[-1]
            took = f"{last.operator:.0f} µs, bare {last.bare:.0f} µs, {last.operator / last.bare:.1f} times"
            say(f"round {turn + 1} of {rounds}, {size / 1024:g} KB: {took}")
    return [_summary(size, [each for each in done if each.size == size]) for size in sizes]


async def _round(
    hand: Writer, subject: Subject, bare: Yardstick, size: int, numbers: "count[int]", events: int
) -> Round:
    async def change(number: int) -> None:
        await hand.change(_name(size, number % APPLICATIONS), compared(number))

    await quiet(subject.pid, bare.pid)
    seen, counted, taken = subject.seen(), *bare.seen()
    before = subject.cpu, cpu(bare.pid)
    await flat_out([next(numbers) for _ in range(events)], change)
    for _ in range(TRIES):
        await quiet(subject.pid, bare.pid)
        after = subject.cpu, cpu(bare.pid)
        also_counted, also_taken = bare.seen()
        if (subject.seen() - seen, also_counted - counted) == (events, events):
            break
    else:
        raise RuntimeError(
            f"of {events} events the operator or the bare watch did not see every one, or saw some twice"
        )
    operator_us, bare_us = ((late - early) / events * 1e6 for early, late in zip(before, after, strict=True))
    return Round(size, operator_us, bare_us, (also_taken - taken) / events)


def _summary(size: int, rounds: list[Round]) -> CpuResult:
    ratios = [each.operator / each.bare for each in rounds]
    return CpuResult(
        size=size,
        wire_bytes=round(median(each.wire_bytes for each in rounds)),
        operator_us=round(median(each.operator for each in rounds), 1),
        bare_us=round(median(each.bare for each in rounds), 1),
        ratio=round(median(ratios), 2),
        least=round(min(ratios), 2),
        most=round(max(ratios), 2),
    )


def _name(size: int, number: int) -> str:
    return f"size-{size}-{number:05}"
