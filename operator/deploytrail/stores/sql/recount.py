"""All counts and standings made anew from the records: at the first start, and when the definitions change.

Also what the rest is held to: ``discrepancies`` compares what is kept with a recomputation. The records are read once,
sorted by the database, so that it takes the memory of one place and of a year's counts, however many there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
import structlog
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    Update,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

from deploytrail.record.dora.counting import Change, add, count, count_uncounted
from deploytrail.record.dora.entry import Entry, Origin
from deploytrail.record.dora.judging import Rules, judge
from deploytrail.record.model import Build, Deployment
from deploytrail.record.totals import Place
from deploytrail.stores.sql.accounts import KEY, read_standing, rows_of
from deploytrail.stores.sql.entries import Release, from_entry, own, resolved, to_entry
from deploytrail.stores.sql.origins import Told, origin_by
from deploytrail.stores.sql.rows import from_document
from deploytrail.stores.sql.standings import Standing, from_text, to_text
from deploytrail.stores.sql.tables import PLACES, PRODUCTS, RECORDS, ROLLUPS, TALLIES

log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Told how many deployments are read, and how many there are."""

AT_ONCE = 5000
"""Rows that are fetched at a time."""

_TIME = RECORDS.c.happened_at, RECORDS.c.id

SORT_MEMORY = "256MB"
"""Of PostgreSQL, while it sorts; what does not fit is sorted on its disk."""


class Recounted(NamedTuple):
    """One place, or (at the end) what its products' places have in common."""

    place: Place | None
    standing: Standing | None
    rows: dict[tuple[str, ...], dict[str, int]]
    """Of tallies, by key."""
    unwritten: dict[str, str]
    """Entries that the records lack, by id."""


def settle(connection: Connection, rules: Rules | None) -> None:
    """Make the counts anew unless they are made by these rules already. Others wait until the caller commits.

    None is for who only passes by, such as a command: whatever rules the installation counts by stay.
    """
    kept = connection.scalar(select(ROLLUPS.c.rules))
    if kept is not None and rules is None:
        return
    rules = rules or Rules()
    if kept is not None and Rules.model_validate_json(kept) == rules:
        return
    log.info("counts_being_made", because="settings" if kept is not None else "first start, or other definitions")
    rebuild(connection, rules)


def rebuild(connection: Connection, rules: Rules, progress: Progress | None = None) -> None:
    """Replace all counts and standings by what the records come to. ``progress`` logs it if not told otherwise."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE products IN EXCLUSIVE MODE"))  # writers begin there
        connection.execute(text(f"SET LOCAL work_mem = '{SORT_MEMORY}'"))
    for table in (TALLIES, PLACES, PRODUCTS, ROLLUPS):
        connection.execute(delete(table))
    builds = select(RECORDS.c.product).where(RECORDS.c.kind == literal("build")).distinct()
    products = dict.fromkeys(connection.scalars(builds), True)
    for found in recount(connection, rules, progress or _logged()):
        _write(connection, found)
        if found.place is not None:
            products.setdefault(found.place.product, False)
    connection.execute(_told_anew())
    if products:
        rows = [{"product": product, "has_builds": built} for product, built in sorted(products.items())]
        connection.execute(insert(PRODUCTS), rows)
    connection.execute(insert(ROLLUPS).values(id=1, rules=rules.model_dump_json()))


def _logged() -> Progress:
    """A line for every tenth."""
    tenths = 0

    def tell(done: int, of: int) -> None:
        nonlocal tenths
        if done * 10 // of > tenths:
            tenths = done * 10 // of
            log.info("counts_being_made", read=done, of=of)

    return tell


def discrepancies(connection: Connection, rules: Rules) -> list[str]:
    """Where what is kept is not what the records come to, a sentence each; for tests of what must never be lost."""
    kept_counts = select(*(TALLIES.c[name] for name in KEY), TALLIES.c.counts).where(TALLIES.c.counts != "{}")
    tallies = {tuple(row[:-1]): orjson.loads(row.counts) for row in connection.execute(kept_counts)}
    standings = {
        Place(row.product, row.environment): from_text(row.standing, row.product, row.environment)
        for row in connection.execute(select(PLACES))
    }
    wrong = []
    for place, standing, rows, unwritten in recount(connection, rules, trusting=False):
        wrong += [f"the entry of {record_id} is another" for record_id in unwritten]
        if place is not None and standings.pop(place, None) != standing:
            wrong.append(f"what runs in {place} is {standing}")
        for key, counts in rows.items():
            if (kept := tallies.pop(key, None)) != counts:
                wrong.append(f"{key} counts {counts}, and {kept} is kept")
    return [*wrong, *(f"{key} counts nothing" for key in tallies), *(f"nothing runs in {place}" for place in standings)]


def recount(
    connection: Connection,
    rules: Rules,
    progress: Progress = lambda done, of: None,
    *,
    trusting: bool = True,
) -> Iterator[Recounted]:
    """What the records come to, place by place, and at the end what all have in common.

    ``trusting``: an entry that is there is taken for what its document would give, which is much faster.
    """
    shared: Change = {}
    done, everything = 0, connection.execute(_how_many()).scalar_one()
    told = _Builds(connection)
    rows = _sorted(connection, _judged(trusting), RECORDS.c.product, RECORDS.c.environment, *_TIME)
    for (product, environment), deployments in groupby(rows, key=attrgetter("product", "environment")):
        place, change, unwritten = Place(product, environment), Change(), dict[str, str]()
        here = list(deployments)
        entries = list(_counted(here, place, told.of(product), change, unwritten))
        count(judge(entries, rules), place, change)
        apart: Change = {}
        for cell, counts in change.items():
            if cell.dimension == "product":
                apart[cell] = counts
            else:
                add(shared.setdefault(cell, {}), counts)
        yield Recounted(place, read_standing(connection, place), rows_of(apart), unwritten)
        done += len(here)
        progress(done, everything)
    yield Recounted(None, None, rows_of(shared), {})


def _sorted(connection: Connection, statement: Select[Any], *order: Column[Any]) -> Iterator[Any]:
    """The rows as they come, beside which others may be asked for. Texts are sorted byte by byte, as Python does.

    PostgreSQL has no index in that order, and is not tempted to fetch the rows by one from all over its disk.
    """
    bytewise: list[ColumnElement[Any]] = list(order)
    if connection.dialect.name == "postgresql":
        bytewise = [column.collate("C") if isinstance(column.type, Text) else column for column in order]
    return iter(connection.execute(statement.order_by(*bytewise), execution_options={"yield_per": AT_ONCE}))


def _counted(
    rows: Iterable[Any], place: Place, told: Mapping[Release, Told], change: Change, unwritten: dict[str, str]
) -> Iterator[Entry]:
    """The counted entries of a place; what is not counted goes to ``change``."""
    origins: dict[Release, Origin | None] = {release: origin_by(told, release) for release in told}
    for row in rows:
        if row.is_open:
            continue
        if row.document is None:
            entry: Entry | None = from_entry(row.entry, at=row.happened_at, record_id=row.id)
        else:
            deployment = from_document(row.document, Deployment)
            entry, due = own(deployment), to_entry(deployment)
            if due != row.entry:
                unwritten[row.id] = due or ""
        if entry is not None and entry.uncounted is not None:
            count_uncounted(entry, place, change)
        elif entry is not None:
            yield resolved(entry, origins.get((place.product, row.version)))


class _Builds:
    """What builds tell, of one product after the other: asked for in the order in which the rows are sorted."""

    def __init__(self, connection: Connection) -> None:
        self._products = groupby(_sorted(connection, _built(), RECORDS.c.product), key=attrgetter("product"))
        self._next = next(self._products, None)
        self._product, self._told = "", dict[Release, Told]()

    def of(self, product: str) -> Mapping[Release, Told]:
        """By release."""
        if product == self._product:
            return self._told
        self._product, self._told = product, {}
        while self._next is not None and self._next[0] < product:
            self._next = next(self._products, None)
        if self._next is not None and self._next[0] == product:
            for row in self._next[1]:
                self._told.setdefault((product, row.version), {})[row.id] = from_document(row.document, Build)
        return self._told


def _write(connection: Connection, found: Recounted) -> None:
    if found.unwritten:
        rows = [{"record": record_id, "told": entry} for record_id, entry in found.unwritten.items()]
        _update_entries(connection, rows)
    if found.place is not None and found.standing is not None:
        connection.execute(insert(PLACES).values(**found.place._asdict(), standing=to_text(found.standing)))
    rows = [
        {**dict(zip(KEY, key, strict=True)), "counts": orjson.dumps(counts).decode()}
        for key, counts in found.rows.items()
    ]
    if rows:
        connection.execute(insert(TALLIES), rows)


def _update_entries(connection: Connection, rows: list[dict[str, str]]) -> None:
    statement = (
        update(RECORDS)
        .where(RECORDS.c.id == bindparam("record"), RECORDS.c.kind == literal("deployment"))
        .values(entry=bindparam("told"))
    )
    connection.execute(statement, rows)


def _told_anew() -> Update:
    """Of those that have ended, whether they are counted."""
    wrong = RECORDS.c.counted != RECORDS.c.entry.is_not(None)
    ended = RECORDS.c.kind == literal("deployment"), RECORDS.c.is_open.is_(False)
    return update(RECORDS).where(*ended, wrong).values(counted=RECORDS.c.entry.is_not(None))


def _how_many() -> Select[Any]:
    return select(func.count()).select_from(RECORDS).where(RECORDS.c.kind == literal("deployment"))


def _judged(trusting: bool) -> Select[Any]:
    document = case((RECORDS.c.entry.is_(None) & RECORDS.c.is_open.is_(False), RECORDS.c.document))
    return select(
        RECORDS.c.product,
        RECORDS.c.environment,
        RECORDS.c.id,
        RECORDS.c.happened_at,
        RECORDS.c.version,
        RECORDS.c.is_open,
        RECORDS.c.entry,
        (document if trusting else RECORDS.c.document).label("document"),
    ).where(RECORDS.c.kind == literal("deployment"))


def _built() -> Select[Any]:
    wanted = RECORDS.c.product, RECORDS.c.version, RECORDS.c.id, RECORDS.c.document
    return select(*wanted).where(RECORDS.c.kind == literal("build"))
