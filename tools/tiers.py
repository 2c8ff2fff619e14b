"""Run tiers of tests one after the other and sum them up: ``python -m tools.tiers unit contract ... [--cluster=kind]``.

A tier that fails does not keep the next one from running. Options go to every pytest.
"""

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Result:
    """What became of one tier."""

    tier: str
    code: int
    """pytest's exit code; 5 when there was nothing to run."""
    passed: int
    failed: int
    skipped: int
    seconds: float


def run(tier: str, options: list[str]) -> Result:
    """Run one tier, its output shown as it comes."""
    print(f"\n== {tier}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"tests/{tier}", f"--junitxml={report}", *options]
        code = subprocess.run(command, cwd=ROOT).returncode
        passed, failed, skipped = counted(report.read_text()) if report.is_file() else (0, 0, 0)
    return Result(tier, code, passed, failed, skipped, time.monotonic() - begun)


def counted(report: str) -> tuple[int, int, int]:
    """Passed, failed and skipped tests in a JUnit report; an error counts as failed."""
    suites = list(ET.fromstring(report).iter("testsuite"))  # noqa: S314 - written by our own pytest just now
    tests, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    return tests - failures - errors - skipped, failures + errors, skipped


def summary(results: list[Result]) -> str:
    """A table of the tiers, and the line that sums it up."""
    lines = [f"{'tier':10} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"]
    for result in results:
        numbers = f"{result.passed:7} {result.failed:7} {result.skipped:8} {result.seconds:8.1f}"
        trouble = "" if result.code == 0 else f"  pytest ended with {result.code}"
        lines.append(f"{result.tier:10} {numbers}{trouble}")
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    broken = sum(r.code != 0 and r.failed == 0 for r in results)
    parts = [
        f"{passed} passed",
        *([f"{failed} failed"] if failed else []),
        *([f"{broken} error{'s' * (broken > 1)}"] if broken else []),
    ]
    return "\n".join([*lines, f"==== {', '.join(parts)} in {sum(r.seconds for r in results):.2f}s ===="])


def main(arguments: list[str]) -> int:
    """Run them all; 1 when any of them failed or had nothing to run."""
    options = [argument for argument in arguments if argument.startswith("-")]
    results = [run(tier, options) for tier in arguments if tier not in options]
    print(f"\n{summary(results)}")
    return int(any(result.code != 0 for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
