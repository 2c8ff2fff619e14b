"""What may be asked of the counts, and which days answer it."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from pydantic import Field

from deploytrail.record.dora.counting import ALL, PRODUCT, TEAM, Counts
from deploytrail.record.values import Frozen


class Bucket(StrEnum):
    """How long the stretches of a plot are. Days are those of UTC, weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class By(StrEnum):
    """What to tell apart."""

    PRODUCT = "product"
    ENVIRONMENT = "environment"
    TEAM = "team"


class Question(Frozen):
    """Of whom, where and when. ``product`` and ``team`` exclude each other: who wants both asks for the product."""

    product: str | None = None
    team: str | None = None
    environments: tuple[str, ...] = ()
    """None: all of them."""
    first: date
    beyond: date
    """The first day that does not belong to it."""
    bucket: Bucket | None = None
    by: By | None = None
    limit: int = Field(default=20, ge=1)
    """How many products or teams at most."""
    after: str | None = None
    """Only those that sort after this one."""

    @property
    def dimension(self) -> str:
        """Whose cells answer it."""
        if self.product is not None or self.by is By.PRODUCT:
            return PRODUCT
        return TEAM if self.team is not None or self.by is By.TEAM else ALL

    @property
    def name(self) -> str | None:
        """Which of them; None: each."""
        return "" if self.dimension == ALL else self.product if self.dimension == PRODUCT else self.team

    def page(self, names: Iterable[str]) -> list[str]:
        """Those that are wanted of all names, in order."""
        return sorted(name for name in names if self.after is None or name > self.after)[: self.limit]


class Row(NamedTuple):
    """The counts of one cell, or of a month of it."""

    name: str
    environment: str
    start: date
    counts: Counts
    sign: int = 1


Sums: TypeAlias = dict[tuple[str, date], Counts]
"""By what was told apart (``""`` where nothing was) and by the first day of the bucket (of the question, without)."""


class Span(NamedTuple):
    """Days in a row, or whole months."""

    monthly: bool
    first: date
    beyond: date
    sign: int = 1
    """-1: it is to be taken away from the others."""


def spans(question: Question) -> Iterator[Span]:
    """Few cells that answer it: months where nothing shorter is told apart, and the days that these lack or exceed."""
    begin, end = _nearest_month(question.first), _nearest_month(question.beyond)
    if question.bucket in (Bucket.DAY, Bucket.WEEK) or begin >= end:
        begin = end = question.beyond
    else:
        yield Span(True, begin, end)
    for first, beyond in ((question.first, begin), (end, question.beyond)):
        if first != beyond:
            yield Span(False, min(first, beyond), max(first, beyond), 1 if first < beyond else -1)


def summed(question: Question, rows: Iterable[Row], names: Iterable[str] = ()) -> Sums:
    """The rows that answer it, added up. ``names``: products or teams that are to be there in any case."""
    always = {(name, question.first): Counts() for name in names}
    sums: Sums = dict(always)
    lessened = False
    for name, environment, start, counts, sign in rows:
        told_apart = environment if question.by is By.ENVIRONMENT else name if question.by is not None else ""
        key = told_apart, start_of(start, question)
        total = sums.get(key)
        if not total and sign > 0:
            sums[key] = dict(counts)
            continue
        lessened = lessened or sign < 0
        total = sums.setdefault(key, {})
        for each, number in counts.items():
            total[each] = total.get(each, 0) + sign * number
    if lessened:
        sums = {key: {name: number for name, number in total.items() if number} for key, total in sums.items()}
    return {key: total for key, total in sums.items() if total or key in always}


def start_of(day: date, question: Question) -> date:
    """The first day of the bucket that a day falls into, not before the first that was asked for."""
    match question.bucket:
        case None:
            return question.first
        case Bucket.DAY:
            return day
        case Bucket.WEEK:
            return max(day - timedelta(days=day.weekday()), question.first)
        case Bucket.MONTH:
            return max(month(day), question.first)


def starts(question: Question) -> Iterator[tuple[date, date]]:
    """Every bucket that was asked for: its first day, and the first beyond it."""
    begin = question.first
    while begin < question.beyond:
        match question.bucket:
            case None:
                end = question.beyond
            case Bucket.DAY:
                end = begin + timedelta(days=1)
            case Bucket.WEEK:
                end = begin + timedelta(days=7 - begin.weekday())
            case Bucket.MONTH:
                end = month_after(begin)
        yield begin, min(end, question.beyond)
        begin = end


def month(day: date) -> date:
    """The first of its month."""
    return day.replace(day=1)


def _nearest_month(day: date) -> date:
    """The first of a month that is the fewest days away."""
    before, after = month(day), month_after(day)
    return before if day - before <= after - day else after


def month_after(day: date) -> date:
    """The first of the next month."""
    return (month(day) + timedelta(days=31)).replace(day=1)
