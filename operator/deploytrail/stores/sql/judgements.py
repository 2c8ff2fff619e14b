"""What some deployments are, judged among as many of their neighbours as that takes."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from deploytrail.record.dora.entry import Entry
from deploytrail.record.dora.judging import FURTHEST, LOOK_BACK, Judgement, Rules, judge
from deploytrail.record.dora.neighbourhood import suffices
from deploytrail.record.model import Deployment
from deploytrail.record.totals import Place, place_of
from deploytrail.stores.sql.account_statements import account_statements
from deploytrail.stores.sql.accounts import rules_of
from deploytrail.stores.sql.entries import from_entry, own
from deploytrail.stores.sql.tables import ROLLUPS

_Placed = tuple[Place, Entry]

MARGIN = 3
"""Neighbours that are read beyond those that have to be there."""


def read_judgements(connection: Connection, deployments: Sequence[Deployment]) -> dict[str, Judgement]:
    """See Store.judgements."""
    left = sorted(_counted(deployments), key=lambda each: (each[0], each[1].at, each[1].id))
    if not left:
        return {}
    rules = rules_of(connection.scalar(select(ROLLUPS.c.rules)))
    first_of_each = {place: (place, entry) for place, entry in reversed(left)}.values()
    most = max(Counter(place for place, _ in left).values())
    # What an entry is compared with lies before it, but for what lands next.
    found = dict(_judged(connection, first_of_each, left, rules, earlier=1 + LOOK_BACK + MARGIN, later=most + MARGIN))
    left = [each for each in left if each[1].id not in found]
    most = FURTHEST + MARGIN
    return found | dict(_judged(connection, left, left, rules, earlier=most, later=most)) if left else found


def _counted(deployments: Iterable[Deployment]) -> Iterator[_Placed]:
    for each in deployments:
        entry = own(each)
        if entry is not None and entry.uncounted is None:
            yield place_of(each), entry


def _judged(
    connection: Connection,
    around: Iterable[_Placed],
    wanted: Iterable[_Placed],
    rules: Rules,
    *,
    earlier: int,
    later: int,
) -> Iterator[tuple[str, Judgement]]:
    """Those of the wanted that can be judged by so many neighbours of those that are read around."""
    here: defaultdict[Place, list[Entry]] = defaultdict(list)
    for place, entry in wanted:
        here[place].append(entry)
    asked = [(place, (entry.at, entry.id)) for place, entry in around]
    say = account_statements(connection.dialect.name)
    for place, before, after in say.stretches(connection, asked, earlier=earlier, later=later):
        entries = [_entry(row) for row in (*before, *after)]
        edges = {"from_start": len(before) < earlier, "to_end": len(after) < later}
        judged = judge(entries, rules)
        for entry in here[place]:
            index = bisect_left(entries, _order(entry), key=_order)
            if index < len(entries) and entries[index].id == entry.id and suffices(entries, index, **edges):
                yield entry.id, judged[index]


def _entry(row: Any) -> Entry:
    return from_entry(row.entry, at=row.happened_at, record_id=row.id)


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.id
