"""Times as counts in buckets, so that percentiles can be told of any number of them, and counts can be added.

A bucket is at most 9 % wider than the one before it (eight double the time), and stands for its middle: what is told is
at most 4.5 % off. None holds times of both sides of what a band ends at. All stores use the same buckets, so that all
answer alike; counts that were made with others have to be made anew.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import accumulate, pairwise
from math import ceil, exp2, log2

PER_DOUBLING = 8

ERROR = exp2(1 / (2 * PER_DOUBLING)) - 1
"""How far off a time is at most, as a fraction of it."""

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY
SIX_MONTHS = 6 * MONTH
"""In seconds."""

_EDGES = (1, HOUR, DAY, WEEK, MONTH, SIX_MONTHS, SIX_MONTHS * 1024)
_DOUBLINGS = tuple(log2(end / begin) for begin, end in pairwise(_EDGES))
_WITHIN = tuple(ceil(PER_DOUBLING * doublings - 1e-9) for doublings in _DOUBLINGS)
"""How many buckets there are from one edge to the next."""
_FIRST = (0, *accumulate(_WITHIN))
"""The first bucket from each edge on."""


def bucket(seconds: float) -> int:
    """Which one a time falls into; what is shorter than a second into the first, than ages into the last."""
    stretch = bisect_right(_EDGES, seconds) - 1
    if stretch < 0:
        return 0
    if stretch == len(_WITHIN):
        return _FIRST[-1] - 1
    within = int(_WITHIN[stretch] * log2(seconds / _EDGES[stretch]) / _DOUBLINGS[stretch])
    return _FIRST[stretch] + min(within, _WITHIN[stretch] - 1)


@cache
def seconds(of: int) -> float:
    """What a bucket stands for."""
    stretch = min(bisect_right(_FIRST, of), len(_WITHIN)) - 1
    within = (of - _FIRST[stretch] + 0.5) / _WITHIN[stretch]
    return _EDGES[stretch] * exp2(within * _DOUBLINGS[stretch])


def percentiles(counts: Mapping[int, int], percents: Iterable[int]) -> dict[int, float | None]:
    """The times that so many per cent do not exceed, by the nearest rank; None of none."""
    buckets = sorted(counts)
    seen = list(accumulate(map(counts.__getitem__, buckets)))
    total = seen[-1] if seen else 0
    if total <= 0:
        return dict.fromkeys(percents)
    return {each: seconds(buckets[bisect_left(seen, max(1.0, each / 100 * total) - 1e-9)]) for each in percents}
