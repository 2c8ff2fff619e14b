"""Group commit: what arrives while one commit is under way shares the next one, and is answered after it.

No artificial delay: alone, a report is committed at once; in a crowd, one fsync carries hundreds.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from deploytrail.errors import Unavailable

T = TypeVar("T")
A = TypeVar("A")

MOST_TOGETHER = 500
"""Items of one commit; more only make each of them wait longer."""

MOST_WAITING = 5000
"""Items; at the rates of one server, seconds of waiting."""

HEAVIEST_TOGETHER, HEAVIEST_WAITING = 8 << 20, 64 << 20
"""Bytes of one commit, and of all that wait."""

STOP_SECONDS = 10.0
"""How long those that wait when we stop may take."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[T, A]):
    item: T
    weight: int
    answer: "asyncio.Future[A]"


class GroupCommit(Generic[T, A]):
    """One task that commits; many that wait for it. ``commit`` answers each item, in order, by a value or an exception.

    Whoever stops waiting takes nothing from the others, and is committed all the same.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[Sequence[A | Exception]]],
        *,
        weigh: Callable[[T], int],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._commit, self._weigh, self._most = commit, weigh, most_waiting
        self._queue: deque[_Waiting[T, A]] = deque()
        self._weight = 0
        self._arrived = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Items that no commit has taken up yet."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._run(), name="store-commit")

    async def stop(self) -> None:
        """Take nothing more, commit what waits."""
        self._stopping = True
        self._arrived.set()
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=STOP_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        while self._queue:
            self._settle(self._queue.popleft(), Unavailable("stopping"))

    async def submit(self, item: T) -> A:
        """The answer, once the commit that the item was part of is done. Unavailable at once when too many wait."""
        weight = self._weigh(item)
        if self._stopping:
            raise Unavailable("stopping")
        if len(self._queue) >= self._most or (self._queue and self._weight + weight > HEAVIEST_WAITING):
            raise Unavailable("too many reports are waiting to be stored", retry_after=1)
        waiting: _Waiting[T, A] = _Waiting(item, weight, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._weight += weight
        self._arrived.set()
        return await waiting.answer

    async def _run(self) -> None:
        while not self._stopping or self._queue:
            await self._arrived.wait()
            batch = self._take()
            if batch:
                await self._answer(batch)

    def _take(self) -> list[_Waiting[T, A]]:
        batch: list[_Waiting[T, A]] = []
        heavy = 0
        while self._queue and len(batch) < MOST_TOGETHER:
            heavy += self._queue[0].weight
            if batch and heavy > HEAVIEST_TOGETHER:
                break
            batch.append(self._queue.popleft())
        self._weight -= sum(each.weight for each in batch)
        if not self._queue:
            self._arrived.clear()
        return batch

    async def _answer(self, batch: list[_Waiting[T, A]]) -> None:
        answers: Sequence[A | Exception] = [Unavailable("stopping")] * len(batch)
        try:
            answers = await self._commit([each.item for each in batch])
        except Exception as defect:
            answers = [defect] * len(batch)
        finally:
            for each, answer in zip(batch, answers, strict=True):
                self._settle(each, answer)

    def _settle(self, waiting: _Waiting[T, A], answer: A | Exception) -> None:
        if waiting.answer.done():
            return
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
