"""How fast a play goes, and what its clock says."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def text(moment: datetime) -> str:
    """As Kubernetes writes a time: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Pace:
    """Waits are divided by ``speed`` (``math.inf``: none at all); timestamps are always the clock's."""

    speed: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], datetime] = now

    def wait(self, seconds: float) -> None:
        """Let that much of the play's time pass."""
        if seconds > 0 and not math.isinf(self.speed):
            self.sleep(seconds / self.speed)

    def stamp(self) -> str:
        """The present moment, as it is written into an object."""
        return text(self.clock())

    def fresh_second(self) -> None:
        """Wait for the next second, at any speed: what starts then shares its startedAt with nothing before it."""
        begun = self.stamp()
        while self.stamp() == begun:
            self.sleep(1 - self.clock().microsecond / 1e6)
