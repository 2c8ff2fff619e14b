"""Servers as plain processes: on loopback, with their output in a file, never outliving us."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PORTS = range(20_000, 32_000)
"""Below the range from which Linux takes a client's own port: a client that keeps trying to reach a port in there
while its server is away ends up connected to itself, and then the server cannot come back."""

_LEASH = """\
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""prctl(PR_SET_PDEATHSIG, SIGKILL): the kernel ends the server when whoever started it ends, however it ends.
Done in a small Python of its own, because preexec_fn is not safe where there are threads."""

_STARTER = ThreadPoolExecutor(1, thread_name_prefix="starter")
"""What the kernel watches is the *thread* that started a server, so servers are started from one that stays."""


class Died(Exception):
    """A server ended on its own; the message carries its last lines."""


class Server:
    """One process that can be stopped, killed and started again with the same arguments.

    It has the environment given, else ours.
    """

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command = command
        self.log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it, once; whether it is ready is for the caller to ask."""
        if self.pid is None:
            self._process = _STARTER.submit(self._popen).result()

    def stop(self, *, kill: bool = False, patience: float = 20.0) -> int | None:
        """End it politely, or at once with ``kill`` or when ``patience`` seconds are over; returns its exit code."""
        if self._process is None:
            return None
        self.send(signal.SIGKILL if kill else signal.SIGTERM)
        code = self.wait(patience)
        if code is None:
            self._process.kill()
            code = self._process.wait()
        self._process = None
        return code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, patience: float | None = None) -> int | None:
        """Wait for it to end by itself; returns its exit code, None when ``patience`` seconds were not enough."""
        if self._process is None:
            return None
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def check(self) -> None:
        """Raise Died when it is not running any more."""
        if self._process is not None and self._process.poll() is not None:
            raise Died(f"{Path(self.command[0]).name} ended with {self._process.returncode}:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """The end of what it has written, for an error message."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    def _popen(self) -> "subprocess.Popen[bytes]":
        leash = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid())]
        with self.log.open("ab") as sink:
            return subprocess.Popen(
                [*leash, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=None if self._environment is None else dict(self._environment),
            )


def free_port() -> int:
    """A loopback port that nobody listens on."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {PORTS.start} to {PORTS.stop}")
