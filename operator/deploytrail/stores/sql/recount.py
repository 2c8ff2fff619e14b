"""All counts and standings made anew from the records: at the first start, and when a setting changes the definitions.

Also what the rest is held to: ``discrepancies`` compares what is kept with a recomputation. Place by place, so that it
takes the memory of one place and of a year's counts, however many records there are.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
import structlog
from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, literal, select, text, update

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
"""Told how many places are done, and how many there are."""


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
    log.info("counts_being_made", because="settings" if kept is not None else "first start")
    rebuild(connection, rules)


def rebuild(connection: Connection, rules: Rules, progress: Progress = lambda done, of: None) -> None:
    """Replace all counts and standings by what the records come to."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE products IN EXCLUSIVE MODE"))  # writers begin there
    for table in (TALLIES, PLACES, PRODUCTS, ROLLUPS):
        connection.execute(delete(table))
    built = func.max(case((RECORDS.c.kind == literal("build"), 1), else_=0)) == literal(1)
    products = select(RECORDS.c.product, built).where(RECORDS.c.kind != literal("annotation"))
    connection.execute(insert(PRODUCTS).from_select(["product", "has_builds"], products.group_by(RECORDS.c.product)))
    for found in recount(connection, rules, progress):
        _write(connection, found)
    connection.execute(insert(ROLLUPS).values(id=1, rules=rules.model_dump_json()))


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
    places = connection.execute(_places()).all()
    told: dict[Release, Told] = {}
    for done, (product, environment) in enumerate(places):
        if done == 0 or product != places[done - 1].product:
            told = _told(connection, product)
        place, change, unwritten = Place(product, environment), Change(), dict[str, str]()
        entries = list(_counted(connection, place, told, change, unwritten, trusting))
        count(judge(entries, rules), place, change)
        apart: Change = {}
        for cell, counts in change.items():
            if cell.dimension == "product":
                apart[cell] = counts
            else:
                add(shared.setdefault(cell, {}), counts)
        yield Recounted(place, read_standing(connection, place), rows_of(apart), unwritten)
        progress(done + 1, len(places))
    yield Recounted(None, None, rows_of(shared), {})


def _counted(
    connection: Connection,
    place: Place,
    told: dict[Release, Told],
    change: Change,
    unwritten: dict[str, str],
    trusting: bool,
) -> Iterator[Entry]:
    """The counted entries of a place; what is not counted goes to ``change``."""
    origins: dict[Release, Origin | None] = {release: origin_by(told, release) for release in told}
    for row in connection.execute(_judged(place, trusting)):
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


def _told(connection: Connection, product: str) -> dict[Release, Told]:
    found: dict[Release, Told] = {}
    wanted = and_(RECORDS.c.product == product, RECORDS.c.kind == literal("build"))
    for row in connection.execute(select(RECORDS.c.id, RECORDS.c.version, RECORDS.c.document).where(wanted)):
        found.setdefault((product, row.version), {})[row.id] = from_document(row.document, Build)
    return found


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


def _places() -> Any:
    there = and_(RECORDS.c.kind == literal("deployment"), RECORDS.c.environment.is_not(None))
    return (
        select(RECORDS.c.product, RECORDS.c.environment)
        .where(there)
        .distinct()
        .order_by(RECORDS.c.product, RECORDS.c.environment)
    )


def _judged(place: Place, trusting: bool) -> Any:
    document = case((RECORDS.c.entry.is_(None), RECORDS.c.document)) if trusting else RECORDS.c.document
    return (
        select(
            RECORDS.c.id,
            RECORDS.c.happened_at,
            RECORDS.c.version,
            RECORDS.c.entry,
            document.label("document"),
        )
        .where(
            RECORDS.c.kind == literal("deployment"),
            RECORDS.c.product == place.product,
            RECORDS.c.environment == place.environment,
            RECORDS.c.is_open.is_(False),
        )
        .order_by(RECORDS.c.happened_at, RECORDS.c.id)
    )
