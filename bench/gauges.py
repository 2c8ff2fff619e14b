"""What a process has used, and what this machine is. Linux only: the kernel tells of other processes there."""

import asyncio
import importlib.metadata
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

Say = Callable[[str], None]
"""Tells whoever waits how far it is."""

QUIET_SHARE = 0.05
"""Of one core: a process that uses less has nothing to do."""

QUIET_SECONDS = 0.4
PATIENCE = 120.0


def cpu(pid: int) -> float:
    """CPU seconds of all threads so far, user and system, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) computes


def resident(pid: int) -> float:
    """MiB of memory now."""
    return _memory(pid, "VmRSS")


def peak(pid: int) -> float:
    """MiB of memory at the most, since the process began."""
    return _memory(pid, "VmHWM")


async def quiet(*pids: int) -> None:
    """Wait until none of them has anything to do any more."""
    deadline = time.monotonic() + PATIENCE
    while True:
        before = [cpu(pid) for pid in pids]
        await asyncio.sleep(QUIET_SECONDS)
        used = max(cpu(pid) - earlier for pid, earlier in zip(pids, before, strict=True))
        if used < QUIET_SHARE * QUIET_SECONDS:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"still busy after {PATIENCE:.0f} s")


async def done(pid: int, condition: Callable[[], bool]) -> None:
    """Wait until it has nothing to do any more and the condition holds; asked often, it would have something to do."""
    deadline = time.monotonic() + PATIENCE
    while True:
        await quiet(pid)
        if condition():
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done within {PATIENCE:.0f} s")


def flush_ms() -> float:
    """Milliseconds that the disk under the temporary folder takes to make 8 KiB durable; the median of some."""
    taken = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(100):
            file.write(bytes(8192))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return median(taken) * 1000


def machine(packages: Sequence[str] = ("kopf", "aiohttp", "kubernetes", "uvloop", "orjson")) -> dict[str, str]:
    """What the figures were measured on, by name."""
    return {
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def _memory(pid: int, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise ProcessLookupError(f"process {pid} has ended")
    return int(found[1]) / 1024


def _cpu_name() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
