"""PostgreSQL, by asyncpg. Whatever the URL says of TLS, hosts and passwords is asyncpg's to read."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import AsyncAdaptedQueuePool, Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploytrail.stores.sql import schema
from deploytrail.stores.sql.troubles import Away

T = TypeVar("T")

READERS = 6
CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 10.0
"""A server that takes longer over one statement is as good as away."""

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
        connect = partial(_connect, url, command_timeout=COMMAND_SECONDS)
        self._writing = _engine(connect, size=1)
        self._reading = _engine(connect, size=READERS).execution_options(isolation_level="AUTOCOMMIT")
        self._migrating = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(_connect, url, command_timeout=None),
            poolclass=NullPool,
            hide_parameters=True,
        )

    async def open(self, then: Callable[[Connection], None] = schema.ready) -> None:
        """See Database. The row is there for all before one of them locks it."""
        now = datetime.now(UTC)
        async with self._migrating.begin() as connection:
            await connection.run_sync(partial(schema.lay_ground, now=now))
        async with self._migrating.begin() as connection:
            await connection.run_sync(schema.upgrade)
            await connection.run_sync(then)
        await self.ping()

    async def close(self) -> None:
        """See Database."""
        for engine in (self._writing, self._reading, self._migrating):
            await engine.dispose()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See Database. A connection that ended while nobody used it is no reason to refuse: a new one is tried."""
        try:
            return await self._write(work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await self._write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See Database."""
        try:
            return await self._read(work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return await self._read(work)

    async def ping(self) -> None:
        """See Database. A standby answers every question and takes nothing."""
        read_only = await self.read(lambda connection: connection.scalar(text("SHOW transaction_read_only")))
        if read_only == "on":
            raise Away("the server is read-only, as a standby is")

    async def _write(self, work: Callable[[Connection], T]) -> T:
        async with self._writing.begin() as connection:
            return await connection.run_sync(work)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)


async def _connect(url: str, *, command_timeout: float | None) -> Any:
    connection = await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, command_timeout=command_timeout, server_settings=SESSION
    )
    await connection.execute(_DURABLE)
    return connection


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
