"""A command that runs as if nobody stood around it: its output, its exit code, and the signals we get for it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Self

from deploytrail.reporting.statuses import Status

NOT_FOUND, NOT_EXECUTABLE, BY_SIGNAL = 127, 126, 128
"""Exit codes as a shell gives them; to the last one the signal's number is added."""

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
"""Signals by which a job is cancelled."""

PASSED_ON = (*STOPPING, *(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name)))

_FROM_TERMINAL = frozenset({"SIGINT", "SIGQUIT"})
_FORCED = frozenset({"SIGKILL"})


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended."""

    code: int
    """As the shell gives it."""
    seconds: float
    problem: str | None
    """A sentence; None when all went well."""
    cancelled: bool = False
    """Somebody wanted it to stop, and it did not finish."""

    @property
    def status(self) -> Status:
        """What is reported of it."""
        if self.problem is None:
            return "completed"
        return "aborted" if self.cancelled else "failed"


class Cancelled(BaseException):
    """A signal told us to stop while we were reporting. Not an Exception: nothing on the way may swallow it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Wrapper:
    """Takes the signals of the process from entering to leaving. Only for the main thread."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped_by: int | None = None
        self._early: list[int] = []
        self._breakable = False
        self._former: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in PASSED_ON:
            # nohup and the like made it deaf on purpose.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """In here, a signal by which a job is cancelled raises Cancelled."""
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False

    def run(self, command: Sequence[str]) -> Ending:
        """Run it to its end. It has our standard input, output and error; signals that we get are passed on."""
        began = time.monotonic()
        try:
            # What the job opened for the command, such as make's jobserver, is its own too.
            self._child = subprocess.Popen(command, close_fds=False)  # noqa: S603 - it is what we were asked to run
        except FileNotFoundError:
            return Ending(NOT_FOUND, 0.0, f"{command[0]} was not found")
        except OSError as error:
            return Ending(NOT_EXECUTABLE, 0.0, f"{command[0]} could not be run: {error.strerror}")
        for number in self._early:
            self._pass_on(number)
        code = self._child.wait()
        return self._judge(command[0], code, time.monotonic() - began)

    def cancelled(self, command: Sequence[str], number: int) -> Ending:
        """What is told of a command that was never started, because that signal came before."""
        return Ending(BY_SIGNAL + number, 0.0, f"{_name(number)} came before {command[0]} was started", cancelled=True)

    def _judge(self, program: str, code: int, seconds: float) -> Ending:
        if code == 0:
            return Ending(0, seconds, None)
        if code > 0:
            problem = f"{program} ended with exit code {code}"
            return Ending(code, seconds, problem, cancelled=self._stopped_by is not None)
        # A crash, such as SIGSEGV, is the command's own failure; these were sent by somebody.
        sent = -code in STOPPING or _name(-code) in _FORCED
        return Ending(BY_SIGNAL - code, seconds, f"{program} was ended by {_name(-code)}", cancelled=sent)

    def _take(self, number: int, _: FrameType | None) -> None:
        if number in STOPPING:
            self._stopped_by = number
            if self._breakable:
                raise Cancelled(number)
        if self._child is None:
            self._early.append(number)
        else:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        if self._child is None or (_name(number) in _FROM_TERMINAL and _in_terminal()):
            return
        with suppress(PermissionError):  # sudo and its like: the command became somebody that we may not signal
            self._child.send_signal(number)


def _in_terminal() -> bool:
    """Whether a terminal sends its signals to us and the command alike, so that one passed on would be its second.

    Many tools give up cleaning up at the second.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
