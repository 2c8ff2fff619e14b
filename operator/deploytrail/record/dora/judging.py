"""What the deployments of one place make of each other: failures, rework, recoveries."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from deploytrail.record.dora.entry import Entry, Verdict
from deploytrail.record.values import Frozen

LOOK_BACK = 10
"""Versions that ran before it that one is compared with: what Kubernetes keeps to roll back to, by default."""

FURTHEST = 50
"""Deployments before it that are looked at for these: what is deployed under one name for ever is not read for ever."""


class Rules(Frozen):
    """What can be set of the definitions. Another setting judges everything anew."""

    fix_window: timedelta = timedelta(days=1)
    """How soon after the end of a failure the next deployment of the place ends to be its fix."""
    replace_window: timedelta = timedelta(0)
    """How soon another version replaces one that landed to say that it failed; 0: that says nothing."""


class Failure(StrEnum):
    """What kind of failure a deployment was."""

    FAILED = "failed"
    DEGRADED = "degraded"
    ROLLED_BACK = "rolled-back"
    """The next one that landed brought back a version from before."""
    REPLACED = "replaced"
    """Another version replaced it within the replace window."""
    MARKED = "marked"
    """A person said so."""


class Rework(StrEnum):
    """Why a deployment was not planned."""

    ROLLBACK = "rollback"
    """It brought back a version from before."""
    FIX = "fix"
    """It followed a failure within the fix window."""


class Judgement(NamedTuple):
    """What one counted deployment was."""

    entry: Entry
    failure: Failure | None
    rework: Rework | None
    recovered_at: datetime | None
    """Of a failure: when the next one succeeded; None as long as none has."""
    first: bool
    """It landed, and its version had not landed here before: what it took to deliver the change is its lead time."""


def judge(entries: Sequence[Entry], rules: Rules) -> list[Judgement]:
    """A judgement of each. ``entries`` are the counted ones of one place, sorted."""
    left: set[int] = set()
    rollbacks: set[int] = set()
    firsts: set[int] = set()
    for index, entry, before in _landings(entries):
        versions = [entries[each].version for each in before]
        if entry.rollback or _goes_back(entry.version, versions):
            rollbacks.add(index)
            if before and (entry.version is None or entry.version != versions[-1]):
                left.add(before[-1])
        elif entry.version is None or entry.version not in versions:
            firsts.add(index)
    failures = [_failure(entries, index, left, rules) for index in range(len(entries))]
    recovered = _recoveries(entries)
    return [
        Judgement(
            entry,
            failures[index],
            _rework(entries, index, failures, rollbacks, rules),
            recovered[index] if failures[index] is not None else None,
            index in firsts,
        )
        for index, entry in enumerate(entries)
    ]


def _landings(entries: Sequence[Entry]) -> Iterator[tuple[int, Entry, deque[int]]]:
    """Those that landed, each with those that had landed among the ones it is compared with."""
    landed: deque[int] = deque()
    versions: Counter[str | None] = Counter()
    for index, entry in enumerate(entries):
        if entry.verdict is not Verdict.LANDED:
            continue
        while landed and (len(versions) > LOOK_BACK or landed[0] < index - FURTHEST):
            oldest = entries[landed.popleft()].version
            versions[oldest] -= 1
            if not versions[oldest]:
                del versions[oldest]
        yield index, entry, landed
        landed.append(index)
        versions[entry.version] += 1


def _goes_back(version: str | None, before: Sequence[str | None]) -> bool:
    """Whether the version came here before the one that it replaces did."""
    running = before[-1] if before else None
    if version is None or running is None or version == running or version not in before:
        return False
    return before.index(version) < before.index(running)


def _failure(entries: Sequence[Entry], index: int, left: set[int], rules: Rules) -> Failure | None:
    entry = entries[index]
    if entry.failure is False:
        return None
    if entry.verdict is Verdict.DEGRADED:
        return Failure.DEGRADED
    if entry.verdict is Verdict.FAILED:
        return Failure.FAILED
    if entry.failure:
        return Failure.MARKED
    if index in left:
        return Failure.ROLLED_BACK
    return Failure.REPLACED if _replaced(entries, index, rules) else None


def _replaced(entries: Sequence[Entry], index: int, rules: Rules) -> bool:
    if not rules.replace_window or index + 1 == len(entries):
        return False
    entry, after = entries[index], entries[index + 1]
    return after.version != entry.version and after.at - entry.at <= rules.replace_window


def _rework(
    entries: Sequence[Entry], index: int, failures: Sequence[Failure | None], rollbacks: set[int], rules: Rules
) -> Rework | None:
    if index in rollbacks:
        return Rework.ROLLBACK
    if not index or failures[index - 1] is None:
        return None
    return Rework.FIX if entries[index].at - entries[index - 1].at <= rules.fix_window else None


def _recoveries(entries: Sequence[Entry]) -> list[datetime | None]:
    """When the next one after each succeeded."""
    found: list[datetime | None] = [None] * len(entries)
    after: datetime | None = None
    for index in range(len(entries) - 1, -1, -1):
        found[index] = after
        if entries[index].succeeded:
            after = entries[index].at
    return found
