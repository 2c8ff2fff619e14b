"""Whether the database is there, since when not and why; refuses at once while it is away, and finds the way back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError, Unavailable
from deploytrail.record.instant import to_rfc3339
from deploytrail.stores.sql.database import Database
from deploytrail.stores.sql.schema import ready
from deploytrail.stores.sql.troubles import Away, Outrun, Poison, Slow, meaning

log = structlog.get_logger()
T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between two attempts to get back."""

CHECK_SECONDS = 1.5
"""A readiness probe waits for two."""


class Door:
    """The only way to the database: nobody waits for one that is known to be away."""

    def __init__(self, database: Database, prepare: Callable[[Connection], None] = ready) -> None:
        self._database, self._prepare = database, prepare
        self._opened = False
        self._away: tuple[datetime, str] | None = (datetime.now(UTC), "not connected yet")
        self._silent_since: datetime | None = None
        self._knock = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, and to come back whenever the connection is lost."""
        self._knock.set()
        self._keeper = asyncio.create_task(self._keep(), name="store-keeper")

    async def stop(self) -> None:
        """Let go of the database."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._database.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See Database.write. Raises Unavailable, Outrun or Poison; in each case nothing was written."""
        self._must_be_there()
        return await self._told(self._database.write(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """See Database.read. Raises Unavailable."""
        self._must_be_there()
        return await self._told(self._database.read(work))

    async def check(self) -> None:
        """Raise Unavailable if nothing could be written now."""
        try:
            self._must_be_there()
            async with asyncio.timeout(CHECK_SECONDS):
                await self._told(self._database.ping())
        except TimeoutError as error:
            telemetry.STORE_UP.set(0)
            self._silent_since = self._silent_since or datetime.now(UTC)
            raise Unavailable(
                f"the {self._database.name} database has not answered since {to_rfc3339(self._silent_since)}: "
                f"asked whether it takes writes, it said nothing for {CHECK_SECONDS} s"
            ) from error
        self._silent_since = None
        telemetry.STORE_UP.set(1)

    def _must_be_there(self) -> None:
        if self._away is not None:
            since, reason = self._away
            raise Unavailable(f"the {self._database.name} database is away since {to_rfc3339(since)}: {reason}")

    async def _told(self, asked: Awaitable[T]) -> T:
        try:
            return await asked
        except DeploytrailError:
            raise
        except Exception as error:
            what = meaning(error)
            if what is error and not isinstance(error, Away | Outrun | Poison):
                raise
            if isinstance(what, Slow):
                raise Unavailable(f"the {self._database.name} database {what}") from error
            if isinstance(what, Away):
                self._lose(what)
                self._must_be_there()
            raise what from error

    def _lose(self, what: Away) -> None:
        if self._away is None:
            self._away = datetime.now(UTC), str(what)
            log.warning("store_away", database=self._database.name, reason=str(what))
        telemetry.STORE_UP.set(0)
        self._knock.set()

    async def _keep(self) -> None:
        wait = FIRST_WAIT
        while True:
            await self._knock.wait()
            try:
                await (self._database.ping() if self._opened else self._database.open(self._prepare))
            except Exception as error:
                self._note(meaning(error))
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                wait = FIRST_WAIT
                self._return()

    def _note(self, what: Exception) -> None:
        """Why the attempt failed. Others' words may hold what was sent, so that of a defect only the place is told."""
        known = isinstance(what, Away | Outrun | Poison | Slow)
        reason = str(what) if known else f"{type(what).__name__} at {telemetry.place(what)}"
        telemetry.STORE_UP.set(0)
        since, before = self._away or (datetime.now(UTC), "")
        self._away = since, reason
        if reason != before:
            log.warning("store_unreachable", database=self._database.name, reason=reason)

    def _return(self) -> None:
        self._knock.clear()
        self._opened, self._away = True, None
        telemetry.STORE_UP.set(1)
        log.info("store_connected", database=self._database.name)
