"""What watching Applications costs: CPU, memory, and time to the record, on a real API server on this machine."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from bench.cpu import measure_cpu
from bench.gauges import Say, machine
from bench.latency import measure_latency
from bench.memory import measure_memory
from bench.report import Results, keep, show

RESULTS = Path(__file__).parent / "results" / "watch.json"
PARTS = ("cpu", "memory", "latency")


def main() -> int:
    """Measure, print and keep; ends by itself."""
    asked = _arguments()
    before = machine()
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - begun:4.0f} s] {line}", file=sys.stderr, flush=True)

    with asyncio.Runner() as runner:
        results = [each for part in asked.only for each in runner.run(_measure(part, asked, say))]
    show(before, results)
    keep(asked.output, before, results, **{name: value for name, value in vars(asked).items() if name != "output"})
    say(f"kept in {asked.output}")
    return 0


async def _measure(part: str, asked: argparse.Namespace, say: Say) -> Results:
    match part:
        case "cpu":
            sizes = [size * 1024 for size in asked.sizes]
            return await measure_cpu(asked.through, sizes, rounds=asked.rounds, events=asked.events, say=say)
        case "memory":
            sizes = [size * 1024 for size in asked.memory_sizes]
            return await measure_memory(asked.through, sizes, applications=asked.applications, say=say)
        case _:
            return await measure_latency(asked.through, seconds=asked.seconds, burst=asked.burst, say=say)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.watch", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help="of what to measure")
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 10, 50], metavar="KB", help="cpu: sizes of events")
    parser.add_argument("--rounds", type=int, default=5, help="cpu: rounds of each size")
    parser.add_argument("--events", type=int, default=1000, help="cpu: events in each round")
    parser.add_argument("--applications", type=int, default=10_000, help="memory: how many there are")
    parser.add_argument("--memory-sizes", type=int, nargs="+", default=[4, 10], metavar="KB", help="memory: how large")
    parser.add_argument("--seconds", type=float, default=20, help="latency: how long 50 events a second are written")
    parser.add_argument("--burst", type=int, default=2000, help="latency: events written at once")
    parser.add_argument(
        "--through", choices=["kopf", "reflector"], default="kopf", help="watch as the product does, or as it could"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the results are kept as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
