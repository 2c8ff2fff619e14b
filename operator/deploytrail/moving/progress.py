"""How far it is: one line that is written over on a terminal, a line now and then elsewhere."""

import time
from typing import TextIO

WIDTH = 24
"""Of the bar."""

ON_TERMINAL, ELSEWHERE = 0.2, 10.0
"""Seconds between two lines."""


class Progress:
    """Told how much was done; ``total`` is how much there is of ``done``, where that is known."""

    def __init__(self, out: TextIO, what: str, *, total: int | None = None) -> None:
        self._out, self._what, self._total = out, what, total
        self._began = self._told = time.monotonic()
        self._shown = False

    def tell(self, records: int, done: int = 0) -> None:
        """Say it, if it is time to."""
        now = time.monotonic()
        if now - self._told < (ON_TERMINAL if self._out.isatty() else ELSEWHERE):
            return
        self._told = now
        line = f"{self._what}: {self._bar(done)}{records:,} records, {records / (now - self._began):,.0f} a second"
        self._out.write(f"\r{line}\x1b[K" if self._out.isatty() else f"{line}\n")
        self._out.flush()
        self._shown = self._out.isatty()

    def end(self) -> None:
        """Leave the line as it is."""
        if self._shown:
            self._out.write("\n")

    def _bar(self, done: int) -> str:
        if not self._total:
            return ""
        part = min(done / self._total, 1.0)
        filled = round(part * WIDTH)
        return f"[{'#' * filled}{'-' * (WIDTH - filled)}] {part:.0%} "
