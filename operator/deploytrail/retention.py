"""Removes what a store need not keep any longer, in small steps with pauses, and says what went.

With the Kubernetes store the holder of the Lease does it. With SQL any replica does: a step locks a row, and whoever
finds it locked leaves the step to the other.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict, Field

from deploytrail import telemetry
from deploytrail.errors import Unavailable
from deploytrail.record.retention import Expired, Retention
from deploytrail.stores.base import Store
from deploytrail.written import Duration

log = structlog.get_logger()

SMALL = Retention(age=timedelta(days=90), count=500)
"""For etcd, whose quota is 2 GiB by default and shared with the cluster: a record is 2 to 4 KiB with the body of its
report, and every replica has all of them in memory. 90 days are a quarter of DORA figures; 500 records are five
deployments a day for as long."""

LARGE = Retention()
"""For a database."""

PASS_SECONDS = 600.0
"""From the end of one pass to the next."""

AWAY_SECONDS = 5.0
"""The same while the store is away, or not read yet."""

STEP, STEP_SECONDS = 50, 1.0
"""Records that are removed at once, and the pause after it: fifty a second at most, which no API server notices."""

MOST = 5000
"""Records of one pass; what is beyond waits for the next."""


class RetentionSettings(BaseModel):
    """How much is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    age: Duration | None = Field(
        None,
        description="How long records are kept after their end, such as 90d; 0s for ever. "
        "Left out: 90d in the store kubernetes, for ever in a database.",
    )
    count: int | None = Field(
        None,
        ge=0,
        description="How many records of one product in one environment are kept; 0 for any number. "
        "Left out: 500 in the store kubernetes, any number in a database.",
    )

    def rule(self, default: Retention) -> Retention:
        """What holds, where ``default`` is that of the store."""
        return Retention(
            age=default.age if self.age is None else self.age or None,
            count=default.count if self.count is None else self.count or None,
        )


class Keeper:
    """Removes by one rule, until cancelled."""

    def __init__(
        self,
        store: Store,
        rule: Retention,
        *,
        clock: Callable[[], datetime],
        pass_seconds: float = PASS_SECONDS,
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        self._store, self._rule, self._clock = store, rule, clock
        self._pass_seconds, self._step_seconds = pass_seconds, step_seconds

    async def run(self, may: Callable[[], bool]) -> None:
        """Pass after pass. ``may`` is asked before every step whether it is still for us to do."""
        while True:
            pause = self._pass_seconds
            try:
                await self.clear(may)
            except Unavailable as error:
                log.info("retention_postponed", reason=str(error))
                pause = min(pause, AWAY_SECONDS)
            await asyncio.sleep(pause)

    async def clear(self, may: Callable[[], bool]) -> int:
        """One pass; returns how many records went. Raises Unavailable, having removed whole records only."""
        if self._rule.keeps_all or not may():
            return 0
        total = 0
        expired = await self._store.expired(self._rule, now=self._clock(), most=MOST)
        for begin in range(0, len(expired), STEP):
            if not may():
                break
            gone = await self._store.remove(expired[begin : begin + STEP])
            total += len(gone)
            _tell(gone)
            await asyncio.sleep(self._step_seconds)
        return total


def _tell(gone: Sequence[Expired]) -> None:
    for (kind, why), number in Counter((each.type.__name__.lower(), each.why.value) for each in gone).items():
        telemetry.RECORDS_REMOVED.labels(kind, why).inc(number)
        ids = [each.id for each in gone if each.type.__name__.lower() == kind and each.why == why]
        log.info("records_removed", kind=kind, why=why, number=number, ids=ids)
