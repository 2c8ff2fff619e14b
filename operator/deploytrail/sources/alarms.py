"""Who is to be woken when: one alarm per name, the earliest first."""

import asyncio
import heapq
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime


class Alarms:
    """Who is to be woken when. Setting one again replaces it."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._changed = asyncio.Event()

    def set(self, uid: str, at: datetime) -> None:
        """Wake this one then."""
        self._due[uid] = at
        heapq.heappush(self._heap, (at, uid))
        self._changed.set()

    async def next(self, clock: Callable[[], datetime]) -> str:
        """Wait for the next one that is due."""
        while True:
            self._changed.clear()
            while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
                heapq.heappop(self._heap)
            wait = (self._heap[0][0] - clock()).total_seconds() if self._heap else None
            if wait is not None and wait <= 0:
                _, uid = heapq.heappop(self._heap)
                del self._due[uid]
                return uid
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait)
