"""What is posted to: our server on each store, the same without one, and the tutorial's."""

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.gauges import cpu, resident
from tests.controlplane.processes import Server, free_port
from tests.durability.rigs import started
from tests.postgresql.server import Postgresql
from tests.waiting import wait_until


@dataclass(frozen=True)
class Subject:
    """A server that takes reports."""

    name: str
    port: int
    key: str
    pid: int

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        return cpu(self.pid)

    @property
    def resident(self) -> float:
        """MiB now."""
        return resident(self.pid)


@contextmanager
def ours(name: str, store: str, folder: Path, *module: str) -> Iterator[Subject]:
    """Our server as users run it, with a store by URL."""
    folder.mkdir()
    with started(store, folder, *module) as operator:
        assert operator.process.pid is not None
        yield Subject(name, int(operator.url.rpartition(":")[2]), operator.key, operator.process.pid)


@contextmanager
def tutorial(database: str, folder: Path) -> Iterator[Subject]:
    """One process, uvicorn as fast as it is without changing the service."""
    port, key = free_port(), "a-key-of-the-tutorial"
    command = [sys.executable, "-m", "uvicorn", "bench.tutorial:app", f"--port={port}", "--no-access-log"]
    told = {**os.environ, "BENCH_DATABASE": database, "BENCH_KEY": hashlib.sha256(key.encode()).hexdigest()}
    folder.mkdir()
    server = Server([*command, "--loop=uvloop", "--http=httptools"], folder / "log", told)
    server.start()
    try:
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/openapi.json").is_success)
        server.check()
        assert server.pid is not None
        yield Subject("POST, tutorial", port, key, server.pid)
    finally:
        server.stop()


LOG_FILES = 64
"""Files of 16 MB that are there before anything is measured: as many as ``min_wal_size`` keeps for the next use."""

_USE_FILES = f"SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal() FROM generate_series(1, {LOG_FILES})"


@contextmanager
def database_server() -> Iterator[Postgresql]:
    """A PostgreSQL as one would run it: it waits for the disk, and has its log's files made before they are needed.

    A server that has run for a while uses its old files again. A new one has none: to make them is what its first
    minutes would be spent on, and what would be measured.
    """
    kept = f"{LOG_FILES * 16}MB"
    with Postgresql(
        fsync=True, shared_buffers="256MB", max_connections="400", min_wal_size=kept, max_wal_size="4GB"
    ) as server:
        asyncio.run(server.execute(_USE_FILES))
        asyncio.run(server.execute("CHECKPOINT"))  # renames those that are over, for the next use
        yield server
