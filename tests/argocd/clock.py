"""Time that passes only when somebody sleeps, and a little with every look at it."""

from datetime import UTC, datetime, timedelta

from tests.argocd.pace import Pace


class PlayClock:
    """Starts at nine on the first of March 2026; ``slept`` is every sleep, in seconds."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=5)
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def pace(self, speed: float = 1.0) -> Pace:
        """A pace that lives by this clock."""
        return Pace(speed=speed, sleep=self.sleep, clock=self)
