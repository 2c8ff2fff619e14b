"""Records that happened at another time than they were made: few, and found by an index of their own.

Lists are in the order in which records were made, which never changes; people ask for when something happened. No
index knows both. All records that are not late happened close to when they were made, and are looked for there.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

PROMPT = timedelta(hours=1, seconds=1)
"""Records that are not late happened no further from when they were made; the second is for who rounds."""

LATE_IN_POSTGRESQL = (
    "CASE WHEN happened_at - created_at BETWEEN interval '-01:00:00' AND interval '01:00:00' THEN 0 ELSE 1 END = 1"
)
"""PostgreSQL takes one in two hundred for equal to something, and two in five for further apart: a better guess."""

LATE_IN_SQLITE = "abs(julianday(happened_at) - julianday(created_at)) > 1.0 / 24"


class Late(ColumnElement[Any]):
    """Whether a record is late, in the very words of the index of those."""

    inherit_cache = True
    type = NullType()  # of a Boolean, SQLAlchemy asks SQLite whether it is 1, and no index is in these words


@compiles(Late, "postgresql")
def _in_postgresql(*_: Any, **__: Any) -> str:
    return f"({LATE_IN_POSTGRESQL})"


@compiles(Late, "sqlite")
def _in_sqlite(*_: Any, **__: Any) -> str:
    return f"({LATE_IN_SQLITE})"


class Prompt(FunctionElement[Any]):
    """When a record happened that is not late, so that PostgreSQL has no idea how many happened then.

    It would take that for independent of when they were made, expect few records within both bounds, and read them all
    to sort them, where it only has to begin.
    """

    name = "prompt"
    inherit_cache = True


@compiles(Prompt, "postgresql")
def _unknown(element: Prompt, compiler: SQLCompiler, **more: Any) -> str:
    return f"({compiler.process(element.clauses, **more)} + interval '0')"


@compiles(Prompt, "sqlite")
def _known(element: Prompt, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


class Aside(FunctionElement[Any]):
    """A column that many records have in common: SQLite would rather use its index than that of the few late ones."""

    name = "aside"
    inherit_cache = True
    type = Text()


@compiles(Aside, "postgresql")
def _as_it_is(element: Aside, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(Aside, "sqlite")
def _without_index(element: Aside, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"  # https://sqlite.org/queryplanner-ng.html, "unary +"
