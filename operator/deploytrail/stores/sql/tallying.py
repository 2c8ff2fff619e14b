"""DORA's questions to the tallies."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, literal_column, select, union_all

from deploytrail.record.dora.question import By, Question, Row, Span, Sums, spans, summed
from deploytrail.stores.sql.accounts import DAY, MONTH
from deploytrail.stores.sql.tables import TALLIES


def tallied(connection: Connection, question: Question) -> Sums:
    """See Store.dora."""
    if question.by not in (By.PRODUCT, By.TEAM):
        return summed(question, _rows(connection, question, None))
    names = list(connection.scalars(_names(question)))
    return summed(question, _rows(connection, question, names), names)


def _rows(connection: Connection, question: Question, names: list[str] | None) -> Iterator[Row]:
    parts = [_some(question, span, names) for span in spans(question)]
    for name, environment, start, counts, sign in connection.execute(union_all(*parts)).all() if parts else ():
        yield Row(name, environment, date.fromisoformat(start), orjson.loads(counts), sign)


def _names(question: Question) -> Select[Any]:
    there = (*_of(question, MONTH), TALLIES.c.counts != "{}")
    found = select(TALLIES.c.name).where(*there).distinct().order_by(TALLIES.c.name).limit(question.limit)
    return found if question.after is None else found.where(TALLIES.c.name > question.after)


def _some(question: Question, span: Span, names: list[str] | None) -> Select[Any]:
    sign: ColumnElement[int] = literal_column(str(span.sign))
    found = select(TALLIES.c.name, TALLIES.c.environment, TALLIES.c.start, TALLIES.c.counts, sign.label("sign")).where(
        *_of(question, MONTH if span.monthly else DAY),
        TALLIES.c.start >= span.first.isoformat(),
        TALLIES.c.start < span.beyond.isoformat(),
    )
    return found if names is None else found.where(TALLIES.c.name.in_(names))


def _of(question: Question, grain: str) -> list[ColumnElement[bool]]:
    found = [TALLIES.c.dimension == question.dimension, TALLIES.c.grain == grain]
    if question.name is not None:
        found.append(TALLIES.c.name == question.name)
    if question.environments:
        found.append(TALLIES.c.environment.in_(question.environments))
    return found
