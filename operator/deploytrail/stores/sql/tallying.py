"""DORA's questions to the tallies."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, literal_column, select, union_all

from deploytrail.record.dora.question import By, Question, Row, Span, Sums, spans, summed
from deploytrail.stores.sql.accounts import DAY, MONTH
from deploytrail.stores.sql.tables import TALLIES

_NAMED = 0
"""The sign of rows that only name a product or team: it is to be there even if nothing of it is counted."""


def tallied(connection: Connection, question: Question) -> Sums:
    """See Store.dora."""
    cells = list(spans(question))
    if question.by not in (By.PRODUCT, By.TEAM):
        parts = [_some(question, span) for span in cells]
    else:
        names = _names(question).cte("names")
        wanted = select(names.c.name)
        named = select(names.c.name, *_texts("", question.first.isoformat(), "{}"), _sign(_NAMED))
        parts = [named, *(_some(question, span).where(TALLIES.c.name.in_(wanted)) for span in cells)]
    rows = connection.execute(union_all(*parts)).all() if parts else ()
    return summed(question, _read(rows), [row.name for row in rows if row.sign == _NAMED])


def _read(rows: Iterable[Any]) -> Iterator[Row]:
    for name, environment, start, counts, sign in rows:
        if sign != _NAMED:
            yield Row(name, environment, date.fromisoformat(start), orjson.loads(counts), sign)


def _names(question: Question) -> Select[Any]:
    there = (*_of(question, MONTH), TALLIES.c.counts != "{}")
    found = select(TALLIES.c.name).where(*there).distinct().order_by(TALLIES.c.name).limit(question.limit)
    return found if question.after is None else found.where(TALLIES.c.name > question.after)


def _some(question: Question, span: Span) -> Select[Any]:
    columns = TALLIES.c.name, TALLIES.c.environment, TALLIES.c.start, TALLIES.c.counts
    return select(*columns, _sign(span.sign)).where(
        *_of(question, MONTH if span.monthly else DAY),
        TALLIES.c.start >= span.first.isoformat(),
        TALLIES.c.start < span.beyond.isoformat(),
    )


def _sign(sign: int) -> ColumnElement[int]:
    column: ColumnElement[int] = literal_column(str(sign))
    return column.label("sign")


def _texts(*texts: str) -> Iterator[ColumnElement[str]]:
    return (literal_column(f"'{each}'") for each in texts)


def _of(question: Question, grain: str) -> list[ColumnElement[bool]]:
    found = [TALLIES.c.dimension == question.dimension, TALLIES.c.grain == grain]
    if question.name is not None:
        found.append(TALLIES.c.name == question.name)
    if question.environments:
        found.append(TALLIES.c.environment.in_(question.environments))
    return found
