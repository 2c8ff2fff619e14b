"""Times as counts in buckets, so that percentiles can be told of any number of them, and counts can be added.

A bucket is 9 % wider than the one before it (eight double the time), and stands for its middle: what is told is at most
4.5 % off. All stores use the same buckets, so that all answer alike.
"""

from collections.abc import Mapping
from math import exp2, log2

PER_DOUBLING = 8

ERROR = exp2(1 / (2 * PER_DOUBLING)) - 1
"""How far off a time is at most, as a fraction of it."""


def bucket(seconds: float) -> int:
    """Which one a time falls into; what is shorter than a second, into the first."""
    return int(PER_DOUBLING * log2(seconds)) if seconds > 1 else 0


def seconds(of: int) -> float:
    """What a bucket stands for."""
    return exp2((of + 0.5) / PER_DOUBLING)


def percentile(counts: Mapping[int, int], percent: float) -> float | None:
    """The time that this many per cent do not exceed, by the nearest rank; None of none."""
    total = sum(counts.values())
    if total <= 0:
        return None
    rank, seen = max(1.0, percent / 100 * total), 0
    for each in sorted(counts):
        seen += counts[each]
        if seen >= rank - 1e-9:
            return seconds(each)
    return seconds(max(counts))
