"""Who of several replicas does what must be done once: the holder of a Lease (coordination.k8s.io).

The client library's own elector splits the brain when the API server cannot be reached, hence this one. It rests on two
rules. Times are only ever compared with others of the same clock: a candidate takes a Lease that it has not seen change
for as long as the Lease lasts, whatever is written in it. And a holder's right ends before that: at ``DEADLINE`` after
it last *began* a renewal that succeeded, its work is stopped, and candidates wait for ``DURATION``.
"""

import asyncio
import socket
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError
from deploytrail.kube.client import LEASES, AlreadyExists, Kube, Object, Stale

log = structlog.get_logger()

DURATION, DEADLINE, RETRY = 15, 10.0, 2.0
"""Seconds: how long a silent holder is believed, how long a holder believes itself, and between two attempts."""

RELEASE_SECONDS = 2.0
"""How long a holder that stops may try to say so; when it cannot, the others wait for the Lease to run out."""

Clock = Callable[[], float]


def boottime() -> float:
    """Seconds that never jump. Where the system can, those count in which the machine slept."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Seen:
    """A Lease as a candidate saw it, and since when, by its own clock, it has been so."""

    version: str
    holder: str
    seconds: float
    since: float

    def free_for(self, candidate: str, now: float) -> bool:
        """Whether the candidate may take it: nobody's, its own, or not renewed for as long as it lasts."""
        return self.holder in ("", candidate) or now >= self.since + self.seconds


def see(lease: Object, before: Seen | None, now: float) -> Seen:
    """What is seen now. A Lease that changed in any way is alive since now; another's clock is never read."""
    version, spec = lease["metadata"]["resourceVersion"], lease.get("spec", {})
    if before is not None and before.version == version:
        return before
    seconds = float(spec.get("leaseDurationSeconds") or DURATION)
    return Seen(version, spec.get("holderIdentity") or "", seconds, now)


class Lease:
    """One candidate for one Lease."""

    def __init__(
        self,
        kube: Kube,
        *,
        namespace: str,
        name: str,
        duration: int = DURATION,
        deadline: float = DEADLINE,
        retry: float = RETRY,
        clock: Clock = boottime,
    ) -> None:
        self._kube, self._namespace, self._name, self._clock = kube, namespace, name, clock
        self._duration, self._deadline, self._retry = duration, deadline, retry
        self.identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._seen: Seen | None = None
        self._until = float("-inf")
        self._troubled = False

    @property
    def held(self) -> bool:
        """Whether it is certainly ours at this very moment. Work asks before every step: a process may have slept."""
        return self._clock() < self._until

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work whenever the Lease is ours, until cancelled; then let go of it. Work ends only by being stopped.

        What the work raises is raised, and the Lease released.
        """
        try:
            while True:
                await self._acquire()
                await self._lead(work)
        finally:
            await self._release()

    async def _acquire(self) -> None:
        while not self.held:
            await self._attempt()
            if not self.held:
                await asyncio.sleep(self._retry)

    async def _lead(self, work: Callable[[], Awaitable[None]]) -> None:
        log.info("lease_acquired", lease=self._name, identity=self.identity)
        telemetry.LEADING.set(1)
        working = asyncio.ensure_future(work())
        keeping = asyncio.create_task(self._keep(), name="lease-keep")
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            telemetry.LEADING.set(0)
            for task in (working, keeping):
                task.cancel()
            ends = await asyncio.gather(working, keeping, return_exceptions=True)
        log.info("lease_lost", lease=self._name, identity=self.identity)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _keep(self) -> None:
        """Renew, and return as soon as it is lost; whatever hangs meanwhile cannot make that later."""
        while self.held:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until - self._clock()):
                    await asyncio.sleep(self._retry)
                    await self._attempt()

    async def _attempt(self) -> None:
        """Take or renew it, if that can be done now. Somebody else's name in it ends our right at once."""
        began = self._clock()
        try:
            stored = await self._kube.get(LEASES, self._namespace, self._name)
            if stored is not None:
                self._seen = see(stored, self._seen, self._clock())
                if not self._seen.free_for(self.identity, self._clock()):
                    self._until = float("-inf")
                    return
            written = await self._write(stored, self.identity, seconds=self._duration)
        except (AlreadyExists, Stale):
            return  # somebody was faster: the next attempt sees who
        except DeploytrailError as error:
            self._note(error)
            return
        self._seen, self._until = see(written, self._seen, self._clock()), began + self._deadline
        self._troubled = False

    async def _write(self, stored: Object | None, holder: str, *, seconds: int) -> Object:
        before = stored.get("spec", {}) if stored is not None else {}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        ours = before.get("holderIdentity") == holder
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": seconds,
            "acquireTime": before.get("acquireTime", now) if ours else now,
            "renewTime": now,
            "leaseTransitions": before.get("leaseTransitions", 0) + (0 if ours or stored is None else 1),
        }
        body: Object = {"metadata": {"name": self._name}, "spec": spec}
        if stored is None:
            return await self._kube.create(LEASES, self._namespace, body)
        body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
        return await self._kube.replace(LEASES, self._namespace, self._name, body)

    async def _release(self) -> None:
        """Let the next one begin at once. The work has ended by now."""
        if not self.held:
            return
        self._until = float("-inf")
        with suppress(DeploytrailError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                stored = await self._kube.get(LEASES, self._namespace, self._name)
                if stored is not None and stored["spec"].get("holderIdentity") == self.identity:
                    await self._write(stored, "", seconds=1)

    def _note(self, error: DeploytrailError) -> None:
        """Once per trouble, not once per attempt."""
        if not self._troubled:
            self._troubled = True
            log.warning("lease_unreachable", lease=self._name, reason=str(error))
