"""The counts of a store that keeps its records in memory: they follow each record as it comes, changes and goes."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from deploytrail.record.dora.counting import Cell, Change, Counts, add, count_uncounted, put
from deploytrail.record.dora.entry import Entry, entry_of, origin_of
from deploytrail.record.dora.judging import Judgement, Rules, judge
from deploytrail.record.dora.neighbourhood import neighbourhood
from deploytrail.record.dora.question import By, Question, Row, Sums, summed
from deploytrail.record.model import Build, Deployment
from deploytrail.record.totals import Place, place_of

_Version = tuple[str, str | None]
_Series = tuple[str, str, str]
"""Dimension, name and environment."""


class Ledger:
    """Told of every change of a deployment or build; answers without looking at one."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._series: defaultdict[_Series, dict[date, Counts]] = defaultdict(dict)
        self._known: dict[str, tuple[Place, Entry]] = {}
        self._places: defaultdict[Place, list[Entry]] = defaultdict(list)
        self._deployments: defaultdict[_Version, dict[str, Deployment]] = defaultdict(dict)
        self._builds: defaultdict[_Version, dict[str, Build]] = defaultdict(dict)

    @property
    def cells(self) -> dict[Cell, Counts]:
        """All counts that are not 0."""
        return {
            Cell(*series, day): counts
            for series, days in self._series.items()
            for day, counts in days.items()
            if counts
        }

    def put_deployment(self, before: Deployment | None, after: Deployment | None) -> None:
        """A deployment came (no ``before``), changed or went (no ``after``)."""
        if before is not None:
            self._deployments[before.product, before.version].pop(before.id, None)
            self._judge(before.id, None)
        if after is not None:
            self._deployments[after.product, after.version][after.id] = after
            self._judge(after.id, after)

    def put_build(self, before: Build | None, after: Build | None) -> None:
        """The same of a build: it may tell when the change began that others deployed."""
        if before is not None:
            self._builds[before.product, before.version].pop(before.id, None)
        if after is not None:
            self._builds[after.product, after.version][after.id] = after
        for version in {(each.product, each.version) for each in (before, after) if each is not None}:
            for deployment in list(self._deployments[version].values()):
                self._judge(deployment.id, deployment)

    def answer(self, question: Question) -> Sums:
        """What the cells add up to."""
        wanted = self._wanted(question)
        if question.by not in (By.PRODUCT, By.TEAM):
            return summed(question, _rows(question, wanted))
        names = question.page({name for name, _, days in wanted if any(days.values())})
        return summed(question, _rows(question, [each for each in wanted if each[0] in names]), names)

    def judgements(self, deployments: Iterable[Deployment]) -> dict[str, Judgement]:
        """What the counted ones among these are, by id."""
        wanted: defaultdict[Place, list[Entry]] = defaultdict(list)
        for each in deployments:
            known = self._known.get(each.id)
            if known is not None and known[1].uncounted is None:
                wanted[known[0]].append(known[1])
        return {
            each.entry.id: each for place, those in wanted.items() for each in self._judged(self._places[place], those)
        }

    def _judged(self, entries: list[Entry], wanted: list[Entry]) -> Iterator[Judgement]:
        """One by one: two of them may be far apart."""
        for entry in wanted:
            index = bisect_left(entries, _order(entry), key=_order)
            first, last = neighbourhood(entries, index)
            yield judge(entries[first:last], self._rules)[index - first]

    def _judge(self, record_id: str, deployment: Deployment | None) -> None:
        now = self._placed(deployment) if deployment is not None else None
        known = self._known.get(record_id)
        if known == now:
            return
        change: Change = {}
        if known is not None:
            self._remove(*known, change)
        if now is not None:
            self._insert(*now, change)
        for (*series, day), counts in change.items():
            dimension, name, environment = series
            add(self._series[dimension, name, environment].setdefault(day, {}), counts)

    def _placed(self, deployment: Deployment) -> tuple[Place, Entry] | None:
        builds = self._builds[deployment.product, deployment.version].values()
        entry = entry_of(deployment, origin_of(deployment, builds))
        return (place_of(deployment), entry) if entry is not None else None

    def _insert(self, place: Place, entry: Entry, change: Change) -> None:
        self._known[entry.id] = place, entry
        if entry.uncounted is not None:
            count_uncounted(entry, place, change)
            return
        entries = self._places[place]
        insort(entries, entry, key=_order)
        put(entries, bisect_left(entries, _order(entry), key=_order), place, self._rules, change)

    def _remove(self, place: Place, entry: Entry, change: Change) -> None:
        del self._known[entry.id]
        if entry.uncounted is not None:
            count_uncounted(entry, place, change, -1)
            return
        entries = self._places[place]
        index = bisect_left(entries, _order(entry), key=_order)
        put(entries, index, place, self._rules, change, -1)
        del entries[index]

    def _wanted(self, question: Question) -> list[tuple[str, str, dict[date, Counts]]]:
        environments = frozenset(question.environments)
        return [
            (name, environment, days)
            for (dimension, name, environment), days in self._series.items()
            if dimension == question.dimension
            and question.name in (None, name)
            and (not environments or environment in environments)
        ]


def _rows(question: Question, wanted: list[tuple[str, str, dict[date, Counts]]]) -> Iterator[Row]:
    for name, environment, days in wanted:
        for day, counts in days.items():
            if question.first <= day < question.beyond:
                yield Row(name, environment, day, counts)


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.id
