"""Judgements as counts by day: small whole numbers under short names, which can be added and taken away again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from deploytrail.record.dora.entry import Basis, Entry
from deploytrail.record.dora.histogram import bucket
from deploytrail.record.dora.judging import Judgement, Rules, judge
from deploytrail.record.dora.neighbourhood import neighbourhood
from deploytrail.record.totals import Place

Counts: TypeAlias = dict[str, int]
"""Names: see the constants here. A name that is not there is 0."""

COUNTED, LANDED = "n", "ok"
FAILURE, REWORK, UNCOUNTED = "f:", "r:", "x:"
"""Followed by the kind."""
LEADS = {Basis.COMMIT: "c", Basis.BUILD: "b"}
RECOVERED = "t"
"""These, and those of leads, are followed by the bucket of a time."""

ALL, PRODUCT, TEAM = "all", "product", "team"


class Cell(NamedTuple):
    """Of what, where and when: one day of one product, of one team, or of all, in one environment."""

    dimension: str
    name: str
    environment: str
    day: date


Change: TypeAlias = dict[Cell, Counts]
"""What is to be added to which cells."""


def count(judgements: Iterable[Judgement], place: Place, change: Change, by: int = 1) -> None:
    """Add the judgements to the cells of their days; ``by`` -1 takes them away."""
    for judgement in judgements:
        _spread(judgement.entry, place, _names(judgement), change, by)


def count_uncounted(entry: Entry, place: Place, change: Change, by: int = 1) -> None:
    """The same for a deployment that is not counted: that it was not, and why."""
    if entry.uncounted is not None:
        _spread(entry, place, [UNCOUNTED + entry.uncounted.value], change, by)


def put(entries: Sequence[Entry], index: int, place: Place, rules: Rules, change: Change, by: int = 1) -> None:
    """What it changes that the entry at ``index`` comes; ``by`` -1: that it goes. ``entries`` hold it in both cases."""
    first, last = neighbourhood(entries, index)
    without = judge([*entries[first:index], *entries[index + 1 : last]], rules)
    having = judge(entries[first:last], rules)
    here = index - first
    count([having[here]], place, change, by)
    for was, is_now in zip(without, having[:here] + having[here + 1 :], strict=True):
        if was != is_now:
            count([was], place, change, -by)
            count([is_now], place, change, by)


def replace(before: Sequence[Entry], after: Sequence[Entry], place: Place, rules: Rules, change: Change) -> None:
    """The same for many at once, each judged once: what it changes that a stretch of entries becomes another.

    Both hold the neighbourhoods of all that come and go, so that judgements at the edges are the same in both.
    """
    was = {judgement.entry.id: judgement for judgement in judge(before, rules)}
    for is_now in judge(after, rules):
        old = was.pop(is_now.entry.id, None)
        if old != is_now:
            count([is_now], place, change)
            count([old] if old is not None else [], place, change, -1)
    count(was.values(), place, change, -1)


def add(counts: Counts, more: Mapping[str, int]) -> None:
    """Add to the counts; what becomes 0 is gone."""
    for name, value in more.items():
        total = counts.get(name, 0) + value
        if total:
            counts[name] = total
        else:
            counts.pop(name, None)


def settled(change: Change) -> Change:
    """Without what cancelled out."""
    return {cell: counts for cell, counts in change.items() if counts}


def _names(judgement: Judgement) -> list[str]:
    entry, failure = judgement.entry, judgement.failure
    names = [COUNTED]
    if entry.landed:
        names.append(LANDED)
    if failure is not None:
        names.append(FAILURE + failure.value)
        if judgement.recovered_at is not None:
            names.append(f"{RECOVERED}{bucket((judgement.recovered_at - entry.at).total_seconds())}")
    if judgement.rework is not None:
        names.append(REWORK + judgement.rework.value)
    if judgement.first and entry.lead is not None and entry.basis is not None:
        names.append(f"{LEADS[entry.basis]}{bucket(entry.lead)}")
    return names


def _spread(entry: Entry, place: Place, names: Iterable[str], change: Change, by: int) -> None:
    day = entry.at.date()
    for dimension, name in ((ALL, ""), (PRODUCT, place.product), (TEAM, entry.team)):
        if name is not None:
            counts = change.setdefault(Cell(dimension, name, place.environment, day), {})
            for each in names:
                total = counts.get(each, 0) + by
                if total:
                    counts[each] = total
                else:
                    del counts[each]
