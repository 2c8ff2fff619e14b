"""Whether a server that takes long is still there: it is asked on a line of its own, and its silence gives all up.

A server that hangs, or that a network does not reach any more, closes no connection: who waits for it would wait for
the longest time that a question may take, and everybody behind him, too.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar
from weakref import WeakSet

import asyncpg

from deploytrail.stores.sql.troubles import Away

T = TypeVar("T")

Line: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

PATIENCE_SECONDS = 1.0
"""How long anything may take before the server is asked whether it is there; then it is asked as often."""

ANSWER_SECONDS = 1.2
"""How long it may take to say so. With the patience, what a report waits that a silent server was to store."""

BITS = 12
"""In which that is waited for. However late we are ourselves, it costs the server no more than one of them."""

SILENT = f"asked whether it takes writes, it said nothing for {ANSWER_SECONDS} s"


class Watch:
    """Knows every connection to the server, and what is asked on them."""

    def __init__(self, dial: Callable[[], Awaitable[Line]]) -> None:
        self._dial = dial
        self._lines: WeakSet[Line] = WeakSet()
        self._asked: set[asyncio.Task[Any]] = set()
        self._own: Line | None = None
        self._asking: asyncio.Task[bool] | None = None

    def know(self, line: Line) -> None:
        """One connection more, to be cut when the server is silent."""
        self._lines.add(line)

    async def over(self, asked: Coroutine[Any, Any, T]) -> T:
        """What is answered, however long it takes. Raises Away as soon as the server is silent, or not there."""
        task = asyncio.create_task(asked)
        self._asked.add(task)
        try:
            while not (await asyncio.wait({task}, timeout=PATIENCE_SECONDS))[0]:
                await self.takes_writes()
        finally:
            self._asked.discard(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if task.cancelled():
            raise Away(SILENT)
        return task.result()

    async def takes_writes(self) -> bool:
        """Whether it does: a standby does not. All who ask at once share a question. Raises Away when it is silent."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._own is not None:
            with suppress(OSError, TimeoutError, asyncpg.PostgresError):
                await self._own.close(timeout=ANSWER_SECONDS)

    async def _ask(self) -> bool:
        """A line that ended while nobody used it is no reason to call the server away: a new one is tried."""
        try:
            return await self._answer(await self._line())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            if self._own is None or not self._own.is_closed():
                raise
        return await self._answer(await self._line())

    async def _line(self) -> Line:
        if self._own is None or self._own.is_closed():
            self._own = None
            self._own = await self._dial()
        return self._own

    async def _answer(self, line: Line) -> bool:
        question = asyncio.create_task(line.fetchval("SHOW transaction_read_only"))
        # Not asyncio.timeout, and bit by bit: where we ourselves are late, an answer that has come meanwhile counts,
        # even to the first of two steps, since the statement is prepared before it is run.
        for _ in range(BITS):
            if (await asyncio.wait({question}, timeout=ANSWER_SECONDS / BITS))[0]:
                break
        else:
            self._hang_up()
            await asyncio.gather(question, return_exceptions=True)
            raise Away(SILENT)
        return bool(question.result() == "off")

    def _hang_up(self) -> None:
        """Cut the lines first, so that who is cancelled does not try to part from the server in peace."""
        for line in tuple(self._lines):
            line.terminate()
        for task in tuple(self._asked):
            task.cancel()
