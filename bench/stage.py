"""What is measured: an API server of its own, the chart in it, and the operator as the chart would run it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import httpx

from bench.applications import NAMESPACE
from bench.gauges import cpu, done, peak, resident
from tests.argocd.applications import CRD
from tests.controlplane.server import ControlPlane
from tests.operator_process import Operator, Release

HOME = "deploytrail"
Through = Literal["kopf", "reflector"]
"""Through what the operator under test watches Applications: as it does, or as it could."""

MODULES = {"kopf": "deploytrail", "reflector": "bench.reflected"}


class Subject:
    """The operator under test."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        pid = operator.process.pid
        assert pid is not None
        self.pid = pid

    @property
    def cpu(self) -> float:
        return cpu(self.pid)

    @property
    def resident(self) -> float:
        return resident(self.pid)

    @property
    def peak(self) -> float:
        return peak(self.pid)

    def seen(self, resource: str = "applications") -> int:
        """Events of that resource so far, by its own count."""
        metrics = httpx.get(f"{self._operator.url}/metrics", timeout=60).text
        found = re.search(rf'^deploytrail_watch_events_total{{resource="{resource}"}} (\S+)', metrics, re.MULTILINE)
        return int(float(found[1])) if found else 0

    async def wait_for(self, events: int) -> None:
        """Until it has seen that many events of Applications and has nothing to do any more."""
        await done(self.pid, lambda: self.seen() >= events)


class Stage:
    """Empty when it begins, gone when it is over."""

    def __init__(self, plane: ControlPlane, folder: Path, through: Through) -> None:
        self.plane, self._folder, self._through = plane, folder, through
        plane.kubectl("create", "namespace", NAMESPACE)
        plane.kubectl("create", "namespace", HOME)
        plane.kubectl("apply", "-f", str(CRD))
        self._release = Release(plane, HOME, HOME)
        self._release.install()
        for kind in ("applications.argoproj.io", "deploymentevents.deploytrail.dev"):
            plane.kubectl("wait", "--for=condition=Established", f"crd/{kind}")

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Subject]:
        """A fresh process; ready when this returns, though it may not have seen every Application yet."""
        operator = self._release.operator(self._folder)
        operator.process.command[1:3] = ["-m", MODULES[self._through]]
        await asyncio.to_thread(operator.start)
        try:
            yield Subject(operator)
        finally:
            await asyncio.to_thread(operator.stop)


@contextmanager
def stage(through: Through) -> Iterator[Stage]:
    """A stage of its own, so that no part of the bench feels the one before."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="deploytrail-bench-")))
        plane = stack.enter_context(ControlPlane())
        yield Stage(plane, folder, through)
