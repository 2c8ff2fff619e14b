"""Counts and standings that follow the records, in the transaction that writes these.

``open_accounts`` is called before the records are written: it locks the products, so that other replicas wait, and
computes from the rows as they are what the change makes of the counts. Its ``rows`` are written with the records;
``close`` is called after that.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple

import orjson
from sqlalchemy import Connection

from deploytrail.record.dora.counting import Change, Counts, add, count_uncounted, replace
from deploytrail.record.dora.entry import Entry
from deploytrail.record.dora.judging import LOOK_BACK, Rules
from deploytrail.record.dora.neighbourhood import reaches
from deploytrail.record.dora.question import month
from deploytrail.record.model import Build, Deployment, R
from deploytrail.record.totals import Place, place_of
from deploytrail.stores.sql.account_statements import account_statements
from deploytrail.stores.sql.entries import Release, from_entry, own, resolved
from deploytrail.stores.sql.origins import Told, origin_by, read_told
from deploytrail.stores.sql.rows import from_document
from deploytrail.stores.sql.standings import Standing, enough, followed, from_text, standing_of, to_text
from deploytrail.stores.sql.statements import write

NEIGHBOURS = 2 * (LOOK_BACK + 2)
"""Rows that are read to each side of a change at first; five times as many while they do not do, which is enough for
what the definitions look back at."""

FIRST_STEP, STEP = 6, 50
"""Deployments that are read at first to find out what runs, which mostly does; and then at a time."""

DAY, MONTH = "day", "month"


class Changed(NamedTuple, Generic[R]):
    """One record as it was and as it will be."""

    before: R | None
    after: R


class Move(NamedTuple):
    """What comes to a place and what goes, of one deployment that is counted."""

    goes: Entry | None
    comes: Entry | None


@dataclass(slots=True)
class Accounts:
    """What is to be written once the records are."""

    change: Change = field(default_factory=dict)
    standings: dict[Place, Standing] = field(default_factory=dict)
    unsure: set[Place] = field(default_factory=set)
    """Where all deployments have to be looked at again."""

    def rows(self) -> dict[str, list[bytes]]:
        """What is to be written, by the names of the statements, in an order that is the same for everybody."""
        sure = {place: standing for place, standing in self.standings.items() if place not in self.unsure}
        return {"stand": _standing_rows(sure), "tally": _tally_rows(self.change)}

    def close(self, connection: Connection) -> None:
        """Look at the deployments again where that has to be, now that they are written."""
        if self.unsure:
            found = {place: read_standing(connection, place) for place in self.unsure}
            write(connection, {"stand": _standing_rows(found)})


def open_accounts(connection: Connection, changes: Sequence[Changed[Any]]) -> Accounts:
    """What the changes make of counts and standings. Nothing is written yet but locks."""
    accounts = Accounts()
    deployments, builds = _of(Deployment, changes), _of(Build, changes)
    if not deployments and not builds:
        return accounts
    rules, built = _lock(connection, {each.product for pair in changes for each in pair if each is not None})
    _note_builds(connection, {build.product for _, build in builds} - built)
    _follow_standings(connection, deployments, accounts)
    moves = _moves(connection, deployments, builds, built, accounts)
    for place, entries in _stretches(connection, moves, built).items():
        replace(entries, _moved(entries, moves[place]), place, rules, accounts.change)
    return accounts


def _of(kind: type[R], changes: Sequence[Changed[Any]]) -> list[Changed[R]]:
    return [each for each in changes if isinstance(each.after, kind)]


def _lock(connection: Connection, products: Iterable[str]) -> tuple[Rules, set[str]]:
    """Wait for whoever changes the same products. The rules that everybody counts by, and those that have builds."""
    say = account_statements(connection.dialect.name)
    wanted = sorted(set(products))
    rows = {"rows": _json({"product": each, "has_builds": False} for each in wanted)}
    locked = connection.execute(say.lock_products, rows).all()
    if len(locked) < len(wanted):
        connection.execute(say.add_products, rows)
        locked = connection.execute(say.lock_products, rows).all()
    return rules_of(locked[0].rules), {row.product for row in locked if row.has_builds}


def _note_builds(connection: Connection, products: Iterable[str]) -> None:
    if rows := [{"product": each} for each in sorted(products)]:
        connection.execute(account_statements(connection.dialect.name).note_builds, {"rows": _json(rows)})


def rules_of(text: str | None) -> Rules:
    """As they are kept; the default ones while none are."""
    return Rules.model_validate_json(text) if text is not None else Rules()


def _moves(
    connection: Connection,
    deployments: Sequence[Changed[Deployment]],
    builds: Sequence[Changed[Build]],
    built: set[str],
    accounts: Accounts,
) -> dict[Place, list[Move]]:
    """What comes and goes, by place. What is not counted goes to the account at once: it has no neighbours."""
    before = read_told(connection, {each for each in _releases(deployments, builds) if each[0] in built})
    after = _told_after(before, builds)
    moves: defaultdict[Place, list[Move]] = defaultdict(list)
    own_ids = set()
    for was, is_now in deployments:
        own_ids.add(is_now.id)
        goes, comes = _entry(was, before), _entry(is_now, after)
        if goes == comes and was is not None and place_of(was) == place_of(is_now):
            continue
        for record, entry, by in ((was, goes, -1), (is_now, comes, 1)):
            if record is None or entry is None:
                continue
            if entry.uncounted is not None:
                count_uncounted(entry, place_of(record), accounts.change, by)
            else:
                moves[place_of(record)].append(Move(entry, None) if by < 0 else Move(None, entry))
    for place, move in _moved_by_builds(connection, before, after, own_ids):
        moves[place].append(move)
    return moves


def _entry(deployment: Deployment | None, told: Mapping[Release, Told]) -> Entry | None:
    entry = own(deployment) if deployment is not None else None
    if deployment is None or entry is None:
        return None
    return resolved(entry, origin_by(told, (deployment.product, deployment.version)))


def _releases(deployments: Sequence[Changed[Deployment]], builds: Sequence[Changed[Build]]) -> Iterator[Release]:
    """Those of which a build may tell something."""
    for build in (each for pair in builds for each in pair if each is not None):
        yield build.product, build.version
    for deployment in (each for pair in deployments for each in pair if each is not None):
        if deployment.version is not None and deployment.status.terminal:
            yield deployment.product, deployment.version


def _told_after(before: Mapping[Release, Told], builds: Sequence[Changed[Build]]) -> dict[Release, Told]:
    after = {release: dict(told) for release, told in before.items()}
    for was, is_now in builds:
        if was is not None:
            after.setdefault((was.product, was.version), {}).pop(was.id, None)
        after.setdefault((is_now.product, is_now.version), {})[is_now.id] = is_now
    return after


def _moved_by_builds(
    connection: Connection, before: Mapping[Release, Told], after: Mapping[Release, Told], but: set[str]
) -> Iterator[tuple[Place, Move]]:
    """The deployments of which a build tells something else now."""
    releases = [each for each in after if origin_by(before, each) != origin_by(after, each)]
    if not releases:
        return
    say = account_statements(connection.dialect.name)
    rows = _json({"product": product, "version": version} for product, version in sorted(releases))
    for row in connection.execute(say.deployments_of, {"rows": rows}):
        if row.id in but:
            continue
        entry = from_entry(row.entry, at=row.happened_at, record_id=row.id)
        release = row.product, row.version
        goes, comes = resolved(entry, origin_by(before, release)), resolved(entry, origin_by(after, release))
        if goes != comes:
            yield Place(row.product, row.environment), Move(goes, comes)


def _moved(entries: Sequence[Entry], moves: Iterable[Move]) -> list[Entry]:
    """The entries of a place after the moves."""
    after = list(entries)
    for goes, comes in moves:
        if goes is not None:
            del after[bisect_left(after, _order(goes), key=_order)]
        if comes is not None:
            insort(after, comes, key=_order)
    return after


def _stretches(
    connection: Connection, moves: Mapping[Place, Sequence[Move]], built: set[str]
) -> dict[Place, list[Entry]]:
    """Of each place, the entries as they are, as far around the moves as they can matter."""
    found: dict[Place, list[Entry]] = {}
    missing, neighbours = list(moves), NEIGHBOURS
    while missing:
        read = _read_stretches(connection, {place: moves[place] for place in missing}, built, neighbours)
        found |= {place: stretch for place, (stretch, whole) in read.items() if whole}
        missing = [place for place in missing if place not in found]
        neighbours *= 5
    return found


def _read_stretches(
    connection: Connection, moves: Mapping[Place, Sequence[Move]], built: set[str], neighbours: int
) -> dict[Place, tuple[list[Entry], bool]]:
    say = account_statements(connection.dialect.name)
    moving = {
        place: sorted((entry for move in wanted for entry in move if entry is not None), key=_order)
        for place, wanted in moves.items()
    }
    asked = [(place, _order(entries[0])) for place, entries in moving.items()]
    rows = {
        place: (before, after)
        for place, before, after in say.stretches(connection, asked, earlier=neighbours, later=neighbours)
    }
    told = read_told(connection, {
        (place.product, row.version)
        for place, both in rows.items() if place.product in built
        for side in both for row in side if row.version is not None
    })  # fmt: skip
    found = {}
    for place, (earlier, later) in rows.items():
        entries = [_read_entry(row, told, place) for row in (*earlier, *later)]
        edges = {"from_start": len(earlier) < neighbours, "to_end": len(later) < neighbours}
        found[place] = entries, all(_covers(entries, each, **edges) for each in moving[place])
    return found


def _read_entry(row: Any, told: Mapping[Release, Told], place: Place) -> Entry:
    entry = from_entry(row.entry, at=row.happened_at, record_id=row.id)
    return resolved(entry, origin_by(told, (place.product, row.version)))


def _covers(entries: Sequence[Entry], entry: Entry, *, from_start: bool, to_end: bool) -> bool:
    index = bisect_left(entries, _order(entry), key=_order)
    return reaches(entries, index, succeeded=entry.succeeded, from_start=from_start, to_end=to_end)


def _follow_standings(connection: Connection, deployments: Sequence[Changed[Deployment]], accounts: Accounts) -> None:
    say = account_statements(connection.dialect.name)
    places = sorted({place_of(each) for pair in deployments for each in pair if each is not None})
    if not places:
        return
    rows = _json({"product": place.product, "environment": place.environment} for place in places)
    known = {
        Place(row.product, row.environment): from_text(row.standing, row.product, row.environment)
        for row in connection.execute(say.standings, {"rows": rows})
    }
    for was, is_now in deployments:
        place = place_of(is_now)
        if was is not None and place_of(was) != place:
            accounts.unsure |= {place_of(was), place}
            continue
        standing = followed(accounts.standings.get(place, known.get(place, Standing())), was, is_now)
        if standing is None:
            accounts.unsure.add(place)
        else:
            accounts.standings[place] = standing


def read_standing(connection: Connection, place: Place) -> Standing:
    """What runs in a place, by its deployments."""
    say = account_statements(connection.dialect.name)
    deployments: list[Deployment] = []
    where, step = {"product": place.product, "environment": place.environment}, FIRST_STEP
    while True:
        rows = connection.execute(say.newest, {**where, "step": step, "skip": len(deployments)}).all()
        deployments += [from_document(row.document, Deployment) for row in rows]
        standing = standing_of(deployments)
        if len(rows) < step or enough(standing):
            return standing
        step = STEP


def _standing_rows(standings: Mapping[Place, Standing]) -> list[bytes]:
    return [orjson.dumps({**place._asdict(), "standing": to_text(standings[place])}) for place in sorted(standings)]


def _tally_rows(change: Change) -> list[bytes]:
    return [
        orjson.dumps({**dict(zip(KEY, key, strict=True)), "counts": orjson.dumps(counts).decode()})
        for key, counts in sorted(rows_of(change).items())
    ]


KEY = ("dimension", "grain", "name", "environment", "start")

_Key = tuple[str, ...]


def rows_of(change: Change) -> dict[_Key, Counts]:
    """The change by rows: that of the day, and that of its month."""
    rows: dict[_Key, Counts] = {}
    for (dimension, name, environment, day), counts in change.items():
        if not counts:
            continue
        for grain, start in ((DAY, day), (MONTH, month(day))):
            add(rows.setdefault((dimension, grain, name, environment, start.isoformat()), {}), counts)
    return {key: counts for key, counts in rows.items() if counts}


def _order(entry: Entry) -> tuple[datetime, str]:
    return entry.at, entry.id


def _json(rows: Iterable[Any]) -> str:
    return orjson.dumps(list(rows)).decode()
