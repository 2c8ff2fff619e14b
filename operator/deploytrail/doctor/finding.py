"""One line of what the doctor says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    """Not looked at, because it does not apply or cannot be reached from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    check: str
    level: Level
    message: str
    advice: str = ""
    """What to do; may be several lines, such as a rule to add."""


def ok(check: str, message: str) -> Finding:
    """As it should be."""
    return Finding(check, Level.OK, message)


def warn(check: str, message: str, advice: str = "") -> Finding:
    """It works, and somebody should look at it."""
    return Finding(check, Level.WARN, message, advice)


def fail(check: str, message: str, advice: str = "") -> Finding:
    """It does not work."""
    return Finding(check, Level.FAIL, message, advice)


def skip(check: str, message: str, advice: str = "") -> Finding:
    """It was not looked at."""
    return Finding(check, Level.SKIP, message, advice)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when anything fails, else 0."""
    return int(any(finding.level is Level.FAIL for finding in findings))
