"""PostgreSQL, by asyncpg. Whatever the URL says of TLS, hosts and passwords is asyncpg's to read."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import AsyncAdaptedQueuePool, Connection, NullPool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploytrail.stores.sql import schema
from deploytrail.stores.sql.troubles import Away
from deploytrail.stores.sql.watch import Line, Watch

T = TypeVar("T")

READERS = 6
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
"""What takes longer is ended by the server, of itself; migrations excepted."""

DEAD_SECONDS = 2.0
"""How much longer a line may be silent over a statement, while the server is there: then only the line is dead."""

SESSION = {
    "application_name": "deploytrail",
    # A replica that freezes in the middle of a transaction must not keep the others waiting for its locks.
    "idle_in_transaction_session_timeout": "15s",
    # A plan made while the tables were empty reads all of them once they are not.
    "plan_cache_mode": "force_custom_plan",
}

_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
"""Off acknowledges commits that a crash of the server then loses."""


class PostgresqlDatabase:
    """See Database. Connections that were lost are replaced by the next question."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        connect = partial(self._connect, url, STATEMENT_SECONDS)
        self._watch = Watch(connect)
        self._writing = _engine(connect, size=1)
        self._reading = _engine(connect, size=READERS).execution_options(isolation_level="AUTOCOMMIT")
        self._migrating = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(self._connect, url, None),
            poolclass=NullPool,
            hide_parameters=True,
        )

    async def open(self, then: Callable[[Connection], None] = schema.ready) -> None:
        """See Database. The row is there for all before one of them locks it."""
        await self._watch.over(self._migrate(then))
        await self.ping()

    async def close(self) -> None:
        """See Database."""
        await self._watch.close()
        for engine in (self._writing, self._reading, self._migrating):
            await engine.dispose()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See Database."""
        return await self._watch.over(self._again(self._write, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See Database."""
        return await self._watch.over(self._again(self._read, work))

    async def ping(self) -> None:
        """See Database. A standby answers every question and takes nothing."""
        if not await self._watch.takes_writes():
            raise Away("the server is read-only, as a standby is")

    async def _again(
        self, act: Callable[[Callable[[Connection], T]], Awaitable[T]], work: Callable[[Connection], T]
    ) -> T:
        """A connection that ended while nobody used it is no reason to refuse: a new one is tried."""
        try:
            return await act(work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await act(work)

    async def _migrate(self, then: Callable[[Connection], None]) -> None:
        now = datetime.now(UTC)
        async with self._migrating.begin() as connection:
            await connection.run_sync(partial(schema.lay_ground, now=now))
        async with self._migrating.begin() as connection:
            await connection.run_sync(schema.upgrade)
            await connection.run_sync(then)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        async with self._writing.begin() as connection:
            return await connection.run_sync(_parting(work))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(_parting(work))

    async def _connect(self, url: str, limit: float | None) -> Line:
        line = await _dial(url, limit)
        self._watch.know(line)
        return line


async def _dial(url: str, limit: float | None) -> Line:
    settings = SESSION if limit is None else SESSION | {"statement_timeout": f"{limit * 1000:.0f}ms"}
    dead = None if limit is None else limit + DEAD_SECONDS
    try:
        line: Line = await asyncpg.connect(url, timeout=CONNECT_SECONDS, command_timeout=dead, server_settings=settings)
        await line.execute(_DURABLE)
    except TimeoutError as error:
        raise Away(f"no connection within {CONNECT_SECONDS} s") from error
    except asyncpg.ClientConfigurationError as error:
        raise Away(str(error)) from error
    return line


def _parting(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """The work; of a connection that is dead nothing more is asked, which would take as long again."""

    def act(connection: Connection) -> T:
        try:
            return work(connection)
        except TimeoutError:
            connection.invalidate()
            raise

    return act


def _engine(connect: Callable[[], Any], *, size: int) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        hide_parameters=True,
    )
