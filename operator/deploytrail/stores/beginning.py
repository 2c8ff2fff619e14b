"""Since when an installation records, remembered as far as that cannot be wrong."""

from collections.abc import Awaitable, Callable
from datetime import datetime


class Beginning:
    """It only ever moves back, when a longer history is taken in: what was early enough once always is."""

    def __init__(self, read: Callable[[], Awaitable[datetime]]) -> None:
        self._read = read
        self._known: datetime | None = None

    async def told(self, early_enough: datetime | None) -> datetime:
        """As it was read last if that is early enough, else as it is. Raises what reading raises."""
        known = self._known
        if known is None or early_enough is None or known > early_enough:
            known = self._known = await self._read()
        return known
