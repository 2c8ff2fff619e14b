"""Lines into a store: in batches, each durable before the next; what is there is merged, so again is harmless."""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from deploytrail.errors import Rejected, Unavailable
from deploytrail.moving.lines import FORMAT, End, Head, Item, read
from deploytrail.record.model import Record
from deploytrail.record.preference import Preference
from deploytrail.record.version import same_commit
from deploytrail.stores.base import Held, Restored, Store

T = TypeVar("T")

MOST_TOGETHER, HEAVIEST_TOGETHER = 100, 4 << 20
"""Lines, and bytes, of one batch."""

PATIENCE_SECONDS, PAUSE_SECONDS = 60.0, 0.5
"""How long a store that is away is waited for, and between two attempts."""


@dataclass(slots=True)
class Tally:
    """What became of the lines."""

    lines: int = 0
    """How many were dealt with, durably."""
    added: int = 0
    merged: int = 0
    unchanged: int = 0
    refused: int = 0
    whole: bool = False
    """Whether the last line was there."""


@dataclass(slots=True)
class Import:
    """One import. ``complain`` is told what was left out, a sentence each; ``progress`` how far it is."""

    store: Store
    complain: Callable[[str], None]
    progress: Callable[["Tally", int], None] = lambda tally, read: None
    patience: float = PATIENCE_SECONDS
    tally: Tally = field(default_factory=Tally)
    _batch: list[tuple[int, Item]] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _weight: int = 0

    async def run(self, lines: AsyncIterable[bytes], *, skip: int = 0) -> Tally:
        """Take in lines; the first ``skip`` of them were taken in before.

        Raises Unavailable when the store stays away: ``tally.lines`` says how far it came.
        """
        self.tally.lines = skip
        number = total = 0
        async for line in lines:
            number, total = number + 1, total + len(line)
            if number <= skip or not line.strip():
                continue
            await self._take(number, line)
            self.progress(self.tally, total)
        await self._flush()
        self.tally.lines = number
        self.progress(self.tally, total)
        return self.tally

    async def _take(self, number: int, line: bytes) -> None:
        try:
            item = read(line)
        except Rejected as refusal:
            self._refuse(number, str(refusal))
            return
        key = item.id if isinstance(item, Record) else ""
        of_a_kind = not self._batch or type(self._batch[0][1]) is type(item)
        full = len(self._batch) >= MOST_TOGETHER or self._weight + len(line) > HEAVIEST_TOGETHER
        if not of_a_kind or full or key in self._ids:
            await self._flush()
        self._batch.append((number, item))
        self._ids.add(key) if key else None
        self._weight += len(line)

    async def _flush(self) -> None:
        if not self._batch:
            return
        numbers, items = [number for number, _ in self._batch], [item for _, item in self._batch]
        await self._store_all(numbers, items)
        self.tally.lines = numbers[-1]
        self._batch, self._ids, self._weight = [], set(), 0

    async def _store_all(self, numbers: Sequence[int], items: Sequence[Item]) -> None:
        match items[0]:
            case Head(format=found) as head:
                if found > FORMAT:
                    raise Rejected(f"a newer Deploytrail made this export (format {found})", reason="invalid-field")
                await self._patiently(lambda: self.store.began_by(head.began))
            case Held():
                await self._bind(numbers, [item for item in items if isinstance(item, Held)])
            case Preference():
                for number, item in zip(numbers, items, strict=True):
                    await self._prefer(number, item)
            case End():
                self.tally.whole = True
            case _:
                await self._restore(numbers, [item for item in items if isinstance(item, Record)])

    async def _restore(self, numbers: Sequence[int], records: Sequence[Record]) -> None:
        outcomes = await self._patiently(lambda: self.store.restore(records))
        for number, outcome in zip(numbers, outcomes, strict=True):
            match outcome:
                case Restored.ADDED:
                    self.tally.added += 1
                case Restored.MERGED:
                    self.tally.merged += 1
                case Restored.UNCHANGED:
                    self.tally.unchanged += 1
                case Rejected() as refusal:
                    self._refuse(number, str(refusal))

    async def _bind(self, numbers: Sequence[int], versions: Sequence[Held]) -> None:
        bound = await self._patiently(lambda: self.store.bind(versions))
        for number, held, now in zip(numbers, versions, bound, strict=True):
            version = held.version
            if isinstance(now, Rejected):
                self._refuse(number, str(now))
            elif not same_commit(now.commit, version.commit):
                self._refuse(
                    number,
                    f"version {version.version} of {version.product} was bound to {version.commit}, "
                    f"and is bound to {now.commit} here: that stays",
                )

    async def _prefer(self, number: int, item: Item) -> None:
        assert isinstance(item, Preference)  # noqa: S101 - narrows the type
        try:
            await self._patiently(lambda: self.store.preferences.put(item))
        except Rejected as refusal:
            self._refuse(number, str(refusal))

    async def _patiently(self, act: Callable[[], Awaitable[T]]) -> T:
        """Again and again while the store is away: nothing is lost by waiting, and nothing doubled by trying again."""
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            try:
                return await act()
            except Unavailable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)

    def _refuse(self, number: int, why: str) -> None:
        self.tally.refused += 1
        self.complain(f"line {number}: left out: {why}")
