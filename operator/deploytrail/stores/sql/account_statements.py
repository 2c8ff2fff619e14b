"""The statements of the accounts, in the words of one database; see statements."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Column,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    literal,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from deploytrail.record.totals import Place
from deploytrail.stores.sql.statements import incoming, inserted
from deploytrail.stores.sql.tables import PLACES, PRODUCTS, RECORDS, ROLLUPS, UtcInstant, to_text

Position = tuple[datetime, str]
"""Time and id."""


class Judged(NamedTuple):
    """What is read of a deployment to judge it, or what comes after it; they sort by position."""

    happened_at: datetime
    id: str
    version: str | None
    entry: str


class AccountStatements:
    """The statements in the words of one database."""

    def __init__(self, dialect: str) -> None:
        insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._lateral = dialect == "postgresql"
        products = incoming(PRODUCTS.c, dialect)
        rules = select(ROLLUPS.c.rules).scalar_subquery()
        self.lock_products = (
            select(PRODUCTS.c.product, PRODUCTS.c.has_builds, rules.label("rules"))
            .join_from(products, PRODUCTS, PRODUCTS.c.product == products.c.product)
            .order_by(PRODUCTS.c.product)
            .with_for_update(of=PRODUCTS)
        )
        self.add_products = inserted(insert(PRODUCTS), PRODUCTS.c, products)
        self.note_builds = (
            update(PRODUCTS)
            .values(has_builds=true())
            .where(PRODUCTS.c.product == products.c.product, PRODUCTS.c.has_builds.is_(False))
        )

        releases = incoming([Column("product", Text), Column("version", Text)], dialect)
        of_release = and_(RECORDS.c.version == releases.c.version, RECORDS.c.product == releases.c.product)
        self.builds_of = select(RECORDS.c.product, RECORDS.c.version, RECORDS.c.id, RECORDS.c.document).join_from(
            releases, RECORDS, and_(of_release, RECORDS.c.kind == literal("build"))
        )
        self.deployments_of = select(RECORDS.c.product, RECORDS.c.environment, *_JUDGED).join_from(
            releases, RECORDS, and_(of_release, RECORDS.c.entry.is_not(None))
        )

        places = incoming([Column("product", Text), Column("environment", Text)], dialect)
        same = and_(PLACES.c.product == places.c.product, PLACES.c.environment == places.c.environment)
        self.standings = select(PLACES).join_from(places, PLACES, same)
        self.newest = (
            select(RECORDS.c.document)
            .where(
                RECORDS.c.kind == literal("deployment"),
                RECORDS.c.product == bindparam("product"),
                RECORDS.c.environment == bindparam("environment"),
            )
            .order_by(RECORDS.c.happened_at.desc(), RECORDS.c.id.desc())
            .limit(bindparam("step"))
            .offset(bindparam("skip"))
        )
        self._around = _around_all(dialect) if self._lateral else _around_one()

    def stretches(
        self, connection: Connection, asked: Iterable[tuple[Place, Position]], *, earlier: int, later: int
    ) -> Iterator[tuple[Place, list[Judged], list[Judged]]]:
        """Of each place, so many judged rows next to the position: before it, and from it on; oldest first."""
        listed = list(asked)
        if not self._lateral:
            for place, (at, name) in listed:
                values = {**place._asdict(), "at": at, "id": name, "earlier": earlier, "later": later}
                one, other = ([Judged(*row) for row in connection.execute(each, values)] for each in self._around)
                yield place, one[::-1], other
            return
        rows = [
            {"number": number, **place._asdict(), "at": to_text(at), "id": name}
            for number, (place, (at, name)) in enumerate(listed)
        ]
        values = {"rows": orjson.dumps(rows).decode(), "earlier": earlier, "later": later}
        found: list[tuple[list[Judged], list[Judged]]] = [([], []) for _ in listed]
        for number, side, *row in connection.execute(self._around[0], values).all():
            found[number][side].append(Judged(*row))
        for (place, _), (before, after) in zip(listed, found, strict=True):
            yield place, sorted(before), sorted(after)


_JUDGED = tuple(RECORDS.c[name] for name in Judged._fields)


def _around_one() -> tuple[Select[Any], ...]:
    """SQLite knows no lateral joins, and is asked place by place: that costs it nothing."""
    here = select(*_JUDGED).where(
        RECORDS.c.product == bindparam("product"),
        RECORDS.c.environment == bindparam("environment"),
        RECORDS.c.entry.is_not(None),
    )
    position = tuple_(bindparam("at", type_=UtcInstant), bindparam("id", type_=Text))
    return _sides(here, position)


def _around_all(dialect: str) -> tuple[CompoundSelect[Any]]:
    """Both sides of all places in one round trip."""
    columns: list[Column[Any]] = [
        Column("number", Integer),
        Column("product", Text),
        Column("environment", Text),
        Column("at", UtcInstant),
        Column("id", Text),
    ]
    wanted = incoming(columns, dialect)
    here = select(*_JUDGED).where(
        RECORDS.c.product == wanted.c.product,
        RECORDS.c.environment == wanted.c.environment,
        RECORDS.c.entry.is_not(None),
    )
    before, after = _sides(here, tuple_(wanted.c.at, wanted.c.id))

    def joined(number: int, side: Select[Any]) -> Select[Any]:
        rows = side.correlate(wanted).lateral("beside")
        named = literal_column(str(number), Integer).label("side")
        return select(wanted.c.number, named, *rows.c).select_from(wanted.join(rows, true()))

    return (union_all(joined(0, before), joined(1, after)),)


def _sides(here: Select[Any], position: Any) -> tuple[Select[Any], Select[Any]]:
    key = tuple_(RECORDS.c.happened_at, RECORDS.c.id)
    newest_first = here.where(key < position).order_by(RECORDS.c.happened_at.desc(), RECORDS.c.id.desc())
    oldest_first = here.where(key >= position).order_by(RECORDS.c.happened_at, RECORDS.c.id)
    earlier, later = (bindparam(name, type_=Integer) for name in ("earlier", "later"))
    return newest_first.limit(earlier), oldest_first.limit(later)


@cache
def account_statements(dialect: str) -> AccountStatements:
    """Built once per process and database."""
    return AccountStatements(dialect)
