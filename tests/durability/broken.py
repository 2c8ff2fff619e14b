"""Servers that break one promise each: ``python -m tests.durability.broken NAME run``. The suite has to find them out.

Each replaces a few lines of the product, here and nowhere else.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine

from deploytrail.cli import main
from deploytrail.errors import DeploytrailError, Rejected
from deploytrail.stores.base import Duplicate, Recorded
from deploytrail.stores.sql import ingest, postgresql, sqlite, statements
from deploytrail.stores.sql.rows import to_total_rows
from deploytrail.stores.sql.store import SqlStore
from deploytrail.stores.sql.troubles import Poison

SLOW_DISK = 0.03
"""Seconds that what comes too late takes: long enough for chance to hit it soon."""


def answer_before_commit() -> None:
    """Who asked is answered when the rows are written, and the commit may yet fail."""

    async def in_thread(threads: ThreadPoolExecutor, engine: Engine, work: Callable[[Any], Any]) -> Any:
        loop = asyncio.get_running_loop()
        answered = loop.create_future()

        def act() -> None:
            try:
                with engine.begin() as connection:
                    loop.call_soon_threadsafe(answered.set_result, work(connection))
                    time.sleep(SLOW_DISK)
            except Exception as error:
                loop.call_soon_threadsafe(answered.set_exception, error)

        threads.submit(act)
        return await answered

    async def late(database: Any, work: Callable[[Any], Any]) -> Any:
        answered = asyncio.get_running_loop().create_future()

        async def act() -> None:
            try:
                async with database._writing.begin() as connection:
                    answered.set_result(await connection.run_sync(work))
                    await asyncio.sleep(SLOW_DISK)
            except Exception as error:
                if not answered.done():
                    answered.set_exception(error)

        database._late = asyncio.create_task(act())
        return await answered

    sqlite._in = in_thread
    postgresql.PostgresqlDatabase._write = late  # type: ignore[method-assign,assignment]


def sqlite_normal() -> None:
    """The write-ahead log is written, and not flushed."""
    journal, flush, keys = sqlite._DURABLE
    sqlite._DURABLE = journal, flush.replace("FULL", "NORMAL"), keys


def synchronous_commit_off() -> None:
    """PostgreSQL answers before its log is flushed."""
    postgresql._DURABLE = "SET synchronous_commit = off"


def outbox_apart() -> None:
    """What is to be announced follows in a second transaction."""

    def take(desk: Any) -> dict[str, list[bytes]]:
        rows, desk.events = {"announce": desk.events}, []
        return rows

    _apart(take)


def totals_apart() -> None:
    """The totals follow in a second transaction."""

    def take(desk: Any) -> dict[str, list[bytes]]:
        rows, desk.totals = {"total": to_total_rows(desk.totals)}, {}
        return rows

    _apart(take)


def _apart(take: Callable[[Any], dict[str, list[bytes]]]) -> None:
    """What is taken from the desk follows in a second transaction."""
    whole, write, left = ingest.write, SqlStore._write, dict[str, list[bytes]]()

    def the_rest(connection: Any, desk: Any) -> None:
        left.update(take(desk))
        whole(connection, desk)

    async def twice(store: Any, reports: Sequence[Any]) -> Any:
        answers = await write(store, reports)
        rows = dict(left)
        await asyncio.sleep(SLOW_DISK)
        await store._door.write(lambda each: statements.write(each, rows))
        return answers

    ingest.write = the_rest
    SqlStore._write = twice  # type: ignore[method-assign,assignment]


def no_bisect() -> None:
    """A report that the database refuses takes those with it that shared its commit."""

    async def all_or_none(store: Any, reports: Sequence[Any]) -> list[Any]:
        try:
            return list(await store._write(reports))
        except Poison as poison:
            return [Rejected(f"the database does not take it: {poison}", reason="invalid-field")] * len(reports)
        except DeploytrailError as failure:
            return [failure] * len(reports)

    SqlStore._commit = all_or_none  # type: ignore[method-assign,assignment]


def duplicates_as_created() -> None:
    """A batch that adds nothing is answered as if it had."""
    write = SqlStore._write

    async def proudly(store: Any, reports: Sequence[Any]) -> list[Any]:
        answers = await write(store, reports)
        if all(isinstance(answer, Duplicate) for answer in answers):
            return [Recorded(answer.record, created=True) for answer in answers if isinstance(answer, Duplicate)]
        return list(answers)

    SqlStore._write = proudly  # type: ignore[method-assign,assignment]


BUILDS: Mapping[str, Callable[[], None]] = {
    "answer-before-commit": answer_before_commit,
    "sqlite-normal": sqlite_normal,
    "synchronous-commit-off": synchronous_commit_off,
    "outbox-apart": outbox_apart,
    "totals-apart": totals_apart,
    "no-bisect": no_bisect,
    "duplicates-as-created": duplicates_as_created,
}

if __name__ == "__main__":
    BUILDS[sys.argv.pop(1)]()
    main()
