"""SQLite: one file, one process, sqlite3 in threads."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from deploytrail.stores.sql import schema
from deploytrail.stores.sql.troubles import Away

T = TypeVar("T")

READERS = 4
BUSY_SECONDS = 5.0
"""How long to wait for a lock; somebody with the sqlite3 tool may hold one for a moment."""

_DURABLE = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
"""In WAL mode, synchronous=NORMAL loses what was acknowledged when the power fails."""


class SqliteDatabase:
    """See Database. A writer and a few readers, each connection used by one thread at a time."""

    name = "SQLite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._claim: int | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._writing = _engine(path, size=1, begin="BEGIN IMMEDIATE", pragmas=_DURABLE)
        self._reading = _engine(path, size=READERS, begin="BEGIN", pragmas=(*_DURABLE, "PRAGMA query_only = ON"))

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def open(self, then: Callable[[Connection], None] = schema.ready) -> None:
        """See Database. SQLite's own write lock is the lock of the migrations."""
        self._claim_file()
        await self.write(partial(_prepare, then=then))

    async def close(self) -> None:
        """See Database."""
        for threads in (self._writer, self._readers):
            threads.shutdown(wait=True)
        for engine in (self._writing, self._reading):
            engine.dispose()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See Database."""
        return await _in(self._writer, self._writing, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See Database."""
        return await _in(self._readers, self._reading, work)

    async def ping(self) -> None:
        """See Database. To begin is to take the write lock."""
        await self.write(lambda connection: None)

    def _claim_file(self) -> None:
        """Keep other processes out: two writers would judge reports by what the other is about to change."""
        if self._claim is not None:
            return
        claim = os.open(f"{self._path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            os.close(claim)
            raise Away(f"another process has {self._path.name} open, and it is for one at a time") from taken
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))  # not for others to read
        self._claim = claim


def _prepare(connection: Connection, then: Callable[[Connection], None]) -> None:
    schema.lay_ground(connection, now=datetime.now(UTC))
    schema.upgrade(connection)
    then(connection)


def _engine(path: Path, *, size: int, begin: str, pragmas: tuple[str, ...]) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level=None: transactions begin where we say, not before the first change.
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        for pragma in pragmas:
            connection.execute(pragma)
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=0, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def begins(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


async def _in(threads: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], T]) -> T:
    def act() -> Any:
        with engine.begin() as connection:
            return work(connection)

    done: T = await asyncio.get_running_loop().run_in_executor(threads, act)
    return done
