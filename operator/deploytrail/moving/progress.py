"""How far it is: one line that is written over on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from typing import Self, TextIO

WIDTH = 24
"""Of the bar."""

ON_TERMINAL, ELSEWHERE = 0.2, 10.0
"""Seconds between two lines."""


class Progress:
    """Told how much was done; ``total`` is how much there is of ``done``, where that is known.

    On leaving, a line that is being written over stays as it is in the end.
    """

    def __init__(
        self, out: TextIO, what: str, *, total: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out, self._what, self._total, self._clock = out, what, total, clock
        self._began = self._told = clock()
        self._records = self._done = 0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn and self._out.isatty():
            self._draw()
            self._out.write("\n")

    def tell(self, records: int, done: int = 0) -> None:
        """Say it, if it is time to."""
        self._records, self._done = records, done
        if self._clock() - self._told >= (ON_TERMINAL if self._out.isatty() else ELSEWHERE):
            self._draw()

    def _draw(self) -> None:
        self._told, self._drawn = self._clock(), True
        rate = self._records / (self._told - self._began)
        line = f"{self._what}: {self._bar()}{self._records:,} records, {rate:,.0f} a second"
        self._out.write(f"\r{line}\x1b[K" if self._out.isatty() else f"{line}\n")
        self._out.flush()

    def _bar(self) -> str:
        if not self._total:
            return ""
        part = min(self._done / self._total, 1.0)
        filled = round(part * WIDTH)
        return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {part:.0%} "
