"""When keys were last used, to the hour: noted in memory by every request, written down now and then, off its way."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime

import structlog

from deploytrail.errors import DeploytrailError
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing

log = structlog.get_logger()

WRITE_SECONDS = 60.0
"""How often is looked for keys that were used in an hour in which they had not been. All go into one write."""


class UseKeeper:
    """Writes what the ring noted. A key costs at most one write an hour, however often it is used."""

    def __init__(self, ring: KeyRing, keys: KeyBackend, *, every_seconds: float = WRITE_SECONDS) -> None:
        self._ring, self._keys, self._every_seconds = ring, keys, every_seconds
        self._kept: dict[str, datetime] = {}
        self._failing = False

    async def run(self) -> None:
        """Keep writing until cancelled."""
        while True:
            await asyncio.sleep(self._every_seconds)
            await self.write()

    async def write(self) -> None:
        """Write down what is new. What cannot be written now is tried again the next time."""
        used = {name: hour(when) for name, when in self._ring.used.items()}
        new = {name: when for name, when in used.items() if self._kept.get(name) != when}
        if not new:
            return
        try:
            await self._keys.keep_uses(new)
        except DeploytrailError as error:
            if not self._failing:
                log.warning("key_use_unwritten", reason=str(error))
            self._failing = True
            return
        self._kept, self._failing = used, False

    async def stop(self, *, seconds: float = 2.0) -> None:
        """Write a last time, if that can be done soon."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.write()


def hour(when: datetime) -> datetime:
    """The beginning of its hour."""
    return when.replace(minute=0, second=0, microsecond=0)


def merge(kept: Mapping[str, datetime], new: Mapping[str, datetime], *, names: set[str]) -> dict[str, datetime]:
    """The later of both, for the keys there are."""
    every = {name: max(when for when in (kept.get(name), new.get(name)) if when) for name in {*kept, *new} & names}
    return dict(sorted(every.items()))


def last_used(key: Key, *uses: Mapping[str, datetime]) -> datetime | None:
    """When it was last used, to the hour. A use before it was made was another key's of the same name."""
    known = [hour(use[key.name]) for use in uses if key.name in use]
    return max((when for when in known if when >= hour(key.created_at)), default=None)
