"""How often a key may be used: a bucket of requests per key that refills steadily. Each replica keeps its own."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

_EXACT = 1e-6  # seconds: what a float makes of the time of day is no reason to refuse


@dataclass(frozen=True, slots=True)
class Allowance:
    """What became of a request's turn, and what the key has left."""

    limit: int
    """Requests at once that a rested key may make."""
    remaining: int
    full_at: int
    """When nothing of the limit is used up any more, in seconds since 1970."""
    retry_after: int
    """Seconds until the next request is taken; 0 says that this one was."""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """As many APIs tell it to their clients."""
        told = ((b"limit", self.limit), (b"remaining", self.remaining), (b"reset", self.full_at))
        return tuple((b"x-ratelimit-%b" % name, b"%d" % value) for name, value in told)


class Rates:
    """The buckets. A bucket is one number: until when the requests that were taken use it up, at the steady rate."""

    def __init__(self, *, rate: float, burst: int) -> None:
        """``rate`` is requests a second in the long run, 0 for any number; ``burst`` how many may come at once."""
        self._rate, self._burst = rate, burst
        self._used_until: dict[str, float] = {}

    def take(self, name: str, now: datetime) -> Allowance | None:
        """One request with the key of this name; None when rates are not limited."""
        if not self._rate:
            return None
        interval, moment = 1 / self._rate, now.timestamp()
        whole = self._burst * interval
        used = self._used_until.get(name, moment) - moment
        if not 0 <= used <= whole + _EXACT:  # rested, or the clock was set back
            used = 0.0
        wait = used + interval - whole
        if wait <= _EXACT:
            wait, used = 0.0, used + interval
            self._used_until[name] = moment + used
        return Allowance(
            limit=self._burst,
            remaining=int((whole - used + _EXACT) * self._rate),
            full_at=ceil(moment + used - _EXACT),
            retry_after=ceil(wait),
        )
