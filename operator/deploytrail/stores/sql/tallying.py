"""DORA's questions to the tallies."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    bindparam,
    literal_column,
    select,
    union_all,
)

from deploytrail.record.dora.question import By, Question, Row, Span, Sums, spans, summed
from deploytrail.stores.sql.accounts import DAY, MONTH
from deploytrail.stores.sql.tables import TALLIES

_NAMED = 0
"""The sign of rows that only name a product or team: it is to be there even if nothing of it is counted."""


class _Shape(NamedTuple):
    """What questions have in common that are answered by one statement, with other parameters."""

    apart: bool
    """By product or team: some of them, in order."""
    after: bool
    name: bool
    environments: bool
    spans: tuple[tuple[bool, int], ...]
    """Of each, whether it is of months, and its sign."""


def tallied(connection: Connection, question: Question) -> Sums:
    """See Store.dora."""
    cells = tuple(spans(question))
    if not cells:
        return {}
    shape = _Shape(
        apart=question.by in (By.PRODUCT, By.TEAM),
        after=question.after is not None,
        name=question.name is not None,
        environments=bool(question.environments),
        spans=tuple((span.monthly, span.sign) for span in cells),
    )
    rows = connection.execute(_statement(shape), _parameters(question, cells)).all()
    return summed(question, _read(rows), [row.name for row in rows if row.sign == _NAMED])


def _read(rows: Iterable[Any]) -> Iterator[Row]:
    for name, environment, start, counts, sign in rows:
        if sign != _NAMED:
            yield Row(name, environment, date.fromisoformat(start), orjson.loads(counts), sign)


def _parameters(question: Question, cells: Iterable[Span]) -> Mapping[str, object]:
    days = {
        name: day.isoformat()
        for number, span in enumerate(cells)
        for name, day in ((f"first_{number}", span.first), (f"beyond_{number}", span.beyond))
    }
    asked = {"name": question.name, "environments": question.environments, "after": question.after}
    wanted = {name: value for name, value in asked.items() if value not in (None, ())}
    return {"dimension": question.dimension, "most": question.limit} | wanted | days


@lru_cache
def _statement(shape: _Shape) -> CompoundSelect[Any]:
    """To build one takes longer than to be answered."""
    cells = [_some(shape, number, monthly=monthly, sign=sign) for number, (monthly, sign) in enumerate(shape.spans)]
    if not shape.apart:
        return union_all(*cells)
    names = _names(shape).cte("names")
    nothing: list[ColumnElement[str]] = [
        literal_column("''").label(name) for name in ("environment", "start", "counts")
    ]
    named = select(names.c.name, *nothing, _sign(_NAMED))
    return union_all(named, *(each.where(TALLIES.c.name.in_(select(names.c.name))) for each in cells))


def _names(shape: _Shape) -> Select[Any]:
    there = (*_of(shape, MONTH), TALLIES.c.counts != literal_column("'{}'"))
    found = select(TALLIES.c.name).where(*there).distinct().order_by(TALLIES.c.name).limit(bindparam("most"))
    return found.where(TALLIES.c.name > bindparam("after")) if shape.after else found


def _some(shape: _Shape, number: int, *, monthly: bool, sign: int) -> Select[Any]:
    columns = TALLIES.c.name, TALLIES.c.environment, TALLIES.c.start, TALLIES.c.counts
    return select(*columns, _sign(sign)).where(
        *_of(shape, MONTH if monthly else DAY),
        TALLIES.c.start >= bindparam(f"first_{number}"),
        TALLIES.c.start < bindparam(f"beyond_{number}"),
    )


def _sign(sign: int) -> ColumnElement[int]:
    column: ColumnElement[int] = literal_column(str(sign))
    return column.label("sign")


def _of(shape: _Shape, grain: str) -> list[ColumnElement[bool]]:
    found = [TALLIES.c.dimension == bindparam("dimension"), TALLIES.c.grain == literal_column(f"'{grain}'")]
    if shape.name:
        found.append(TALLIES.c.name == bindparam("name"))
    if shape.environments:
        found.append(TALLIES.c.environment.in_(bindparam("environments", expanding=True)))
    return found
