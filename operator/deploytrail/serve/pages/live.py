"""Tells open pages when to look again: one poller for all of them, asking the store whoever wrote to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from deploytrail.errors import Unavailable
from deploytrail.serve.asking import in_time
from deploytrail.stores.base import Store

MOST_LISTENERS = 100
"""Open pages that one replica tells of changes. The others look every half minute by themselves."""

POLL_SECONDS = 1.0
"""How often the store is asked while anybody listens, and listeners are asked whether they still may."""


class Live:
    """Everything that changes has a word for how it stands; listeners hear each new word."""

    def __init__(self, store: Store, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._store, self._poll_seconds = store, poll_seconds
        self._word = ""
        self._listeners: set[asyncio.Event] = set()
        self._polling: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def is_full(self) -> bool:
        """Whether nobody else can listen now."""
        return self._stopped or len(self._listeners) >= MOST_LISTENERS

    async def word(self) -> str:
        """How things stand, for a page that is about to be made."""
        return self._word or await in_time(self._store.pulse())

    async def follow(self, may_listen: Callable[[], bool]) -> AsyncIterator[str]:
        """The word now, and each new one, until we stop or the listener may not listen any more."""
        changed, heard = asyncio.Event(), ""
        polling = self._join(changed)
        try:
            while not self._stopped and may_listen():
                if polling.done():
                    polling.result()  # it ended by itself, which is a defect: let it be seen
                if self._word != heard:
                    heard = self._word
                    yield heard
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), self._poll_seconds)
        finally:
            self._leave(changed)

    def stop(self) -> None:
        """End every stream, so that nothing waits for them."""
        self._stopped = True
        self._wake()

    def _join(self, listener: asyncio.Event) -> "asyncio.Task[None]":
        self._listeners.add(listener)
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(), name="pages-poll")
        return self._polling

    def _leave(self, listener: asyncio.Event) -> None:
        self._listeners.discard(listener)
        if not self._listeners and self._polling is not None:
            self._polling.cancel()
            self._polling, self._word = None, ""  # from now on nobody would notice that it is an old one

    async def _poll(self) -> None:
        while True:
            before = self._word
            await self._look()
            if self._word != before:
                self._wake()
            await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> None:
        try:
            self._word = await in_time(self._store.pulse())
        except Unavailable:
            self._word = "away"  # pages look again, and say so

    def _wake(self) -> None:
        for changed in self._listeners:
            changed.set()
