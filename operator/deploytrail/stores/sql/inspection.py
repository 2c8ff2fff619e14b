"""What can be said of a database without changing anything in it, whoever has it open."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, NullPool, create_engine, func, select

from deploytrail.errors import Unavailable
from deploytrail.stores.sql.database import Database, database_of
from deploytrail.stores.sql.rows import KINDS
from deploytrail.stores.sql.schema import Progress, progress_of
from deploytrail.stores.sql.sqlite import SqliteDatabase
from deploytrail.stores.sql.tables import OUTBOX, RECORDS
from deploytrail.stores.sql.troubles import Away, meaning

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inspected:
    """A database that answered. The counts are None where its schema is not the one we know."""

    name: str
    progress: Progress
    newest: datetime | None = None
    """When the newest record was first heard of."""
    waiting: int | None = None
    """Events in the outbox."""
    waiting_since: datetime | None = None
    """When the oldest of them was heard of."""


async def inspect(url: str) -> Inspected | None:
    """Look at the database behind a URL; None where there is no file yet. Unavailable says why it cannot be used."""
    database = database_of(url)
    try:
        return await _look(database)
    except Unavailable:
        raise
    except Exception as error:
        what = meaning(error)
        # Others' words may hold what was sent, and even the URL.
        reason = str(what) if isinstance(what, Away) else f"is its URL right? {type(what).__name__}"
        raise Unavailable(f"the {database.name} database cannot be used: {reason}") from error
    finally:
        await database.close()


async def _look(database: Database) -> Inspected | None:
    if not isinstance(database, SqliteDatabase):
        await database.ping()
        return await database.read(lambda connection: _facts(database.name, connection))
    if not database.path.exists():
        _check_writable(database.path.parent)
        return None
    _check_writable(database.path)
    return await asyncio.to_thread(_read_only, database.path, lambda connection: _facts(database.name, connection))


def _facts(name: str, connection: Connection) -> Inspected:
    progress = progress_of(connection)
    if progress.found != progress.wanted:
        return Inspected(name, progress)
    waiting, since = connection.execute(select(func.count(), func.min(OUTBOX.c.heard_at))).one()
    return Inspected(name, progress, _newest(connection), waiting, since)


def _newest(connection: Connection) -> datetime | None:
    """Kind by kind, because so runs the index."""
    of_each = (
        connection.scalar(select(func.max(RECORDS.c.created_at)).where(RECORDS.c.kind == kind))
        for kind in KINDS.values()
    )
    return max((when for when in of_each if when is not None), default=None)


def _check_writable(path: Path) -> None:
    if not path.exists():
        raise Unavailable(f"the folder {path} of the SQLite database does not exist")
    if not os.access(path, os.W_OK):
        raise Unavailable(f"{path} cannot be written by the user {os.geteuid()}")


def _read_only(path: Path, work: Callable[[Connection], T]) -> T:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    with engine.connect() as connection:
        return work(connection)
