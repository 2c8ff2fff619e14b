"""A command that does not notice who stands around it."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from deploytrail.reporting.wrapped import Cancelled, Ending, Wrapper


def run(*command: str) -> Ending:
    with Wrapper() as wrapper:
        return wrapper.run(command)


def shell(script: str) -> Ending:
    return run("sh", "-c", script)


WAITING = "while :; do sleep 0.01; done"
"""A child does this until a signal ends it: it never waits for a time to pass."""


def test_a_command_that_succeeds_is_completed() -> None:
    ending = shell("exit 0")

    assert (ending.code, ending.status, ending.problem) == (0, "completed", None)
    assert ending.seconds > 0


@pytest.mark.parametrize("code", [1, 2, 42, 143, 255])
def test_a_command_that_fails_keeps_its_code(code: int) -> None:
    ending = shell(f"exit {code}")

    assert (ending.code, ending.status) == (code, "failed")
    assert ending.problem == f"sh ended with exit code {code}"


def test_its_arguments_are_not_told() -> None:
    assert "hunter2" not in str(run("sh", "-c", "exit 1", "hunter2").problem)


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "KILL"])
def test_a_command_that_is_stopped_is_aborted(name: str) -> None:
    ending = shell(f"kill -{name} $$")

    assert ending.code == 128 + getattr(signal, f"SIG{name}")
    assert ending.status == "aborted"
    assert ending.problem == f"sh was ended by SIG{name}"


@pytest.mark.parametrize("name", ["SEGV", "ABRT", "BUS"])
def test_a_command_that_crashes_has_failed(name: str) -> None:
    crash = f"resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), signal.SIG{name})"

    ending = run(sys.executable, "-c", f"import os, resource, signal; {crash}")

    assert ending.code == 128 + getattr(signal, f"SIG{name}")
    assert ending.status == "failed"


@pytest.mark.parametrize(
    ("command", "code", "problem"),
    [
        (["no-such-command-anywhere"], 127, "no-such-command-anywhere was not found"),
        (["/dev/null"], 126, "/dev/null could not be run: Permission denied"),
    ],
)
def test_a_command_that_cannot_run_has_failed_as_in_a_shell(command: Sequence[str], code: int, problem: str) -> None:
    assert run(*command) == Ending(code, 0.0, problem)


@pytest.mark.parametrize("name", ["TERM", "HUP", "USR1", "USR2"])
def test_a_signal_for_us_reaches_the_command(name: str) -> None:
    ending = shell(f"trap 'exit 3' {name}; kill -{name} $PPID; {WAITING}")

    assert ending.code == 3


def test_a_command_that_cleans_up_after_being_stopped_is_aborted_with_its_own_code() -> None:
    ending = shell(f"trap 'exit 3' TERM; kill -TERM $PPID; {WAITING}")

    assert (ending.code, ending.status) == (3, "aborted")


def test_a_command_that_finishes_although_it_was_asked_to_stop_is_completed() -> None:
    ending = shell(f"trap 'exit 0' TERM; kill -TERM $PPID; {WAITING}")

    assert (ending.code, ending.status) == (0, "completed")


def test_a_signal_that_asks_for_something_else_is_no_reason_to_call_it_aborted() -> None:
    assert shell(f"trap 'exit 3' USR1; kill -USR1 $PPID; {WAITING}").status == "failed"


def test_a_signal_that_came_before_the_command_reaches_it() -> None:
    with Wrapper() as wrapper:
        os.kill(os.getpid(), signal.SIGTERM)
        ending = wrapper.run(["sh", "-c", WAITING])

    assert (ending.code, ending.status) == (128 + signal.SIGTERM, "aborted")


def test_reporting_can_be_broken_off_by_a_signal() -> None:
    with Wrapper() as wrapper:
        with pytest.raises(Cancelled) as cancelled, wrapper.breakable():
            os.kill(os.getpid(), signal.SIGTERM)
        ending = wrapper.cancelled(["deploy"], cancelled.value.number)

    assert ending == Ending(143, 0.0, "SIGTERM came before deploy was started", cancelled=True)
    assert ending.status == "aborted"


def test_what_it_was_deaf_to_before_it_stays_deaf_to() -> None:
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ending = shell("kill -HUP $PPID; exit 0")
    finally:
        signal.signal(signal.SIGHUP, former)

    assert ending.status == "completed"


def test_signals_are_ours_only_for_as_long_as_it_runs() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)]

    shell("exit 0")

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)] == before


def test_what_the_job_opened_for_the_command_stays_open() -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)

    ending = run(sys.executable, "-c", f"import os; os.write({writer}, b'hello')")

    os.close(writer)
    with os.fdopen(reader) as told:
        assert told.read() == "hello"
    assert ending.code == 0


WRAPPED = """
import sys
from deploytrail.reporting.wrapped import Wrapper
with Wrapper() as wrapper:
    sys.exit(wrapper.run(sys.argv[1:]).code)
"""


def test_an_interrupt_for_us_reaches_a_command_without_a_terminal() -> None:
    child = ["sh", "-c", f"trap 'exit 3' INT; kill -INT $PPID; {WAITING}"]

    ended = subprocess.run([sys.executable, "-c", WRAPPED, *child], start_new_session=True, check=False)

    assert ended.returncode == 3


AT_A_TERMINAL = """
import os, sys
from deploytrail.reporting.wrapped import Wrapper
handled, handling = os.pipe()
os.set_inheritable(handling, True)
class Patient(Wrapper):
    def _take(self, *signal):
        os.read(handled, 1)  # the command has had the terminal's, so that another would be its second
        super()._take(*signal)
        os.write(1, b"taken\\n")
with Patient() as wrapper:
    sys.exit(wrapper.run([sys.executable, "-c", sys.argv[1], str(handling)]).code)
"""

COUNTING = """
import os, signal, sys
count = 0
def interrupted(*_):
    global count
    count += 1
    os.write(int(sys.argv[1]), b"!")
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGUSR1, lambda *_: os._exit(count))
os.write(1, f"{os.getpid()}\\n".encode())
while True:
    signal.pause()
"""


def test_an_interrupt_typed_at_a_terminal_comes_once() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", AT_A_TERMINAL, COUNTING])

    command = int(read_until(terminal, b"\n"))
    os.write(terminal, b"\x03")
    read_until(terminal, b"taken")
    os.kill(command, signal.SIGUSR1)
    _, ended = os.waitpid(pid, 0)

    os.close(terminal)
    assert os.waitstatus_to_exitcode(ended) == 1


def read_until(terminal: int, word: bytes) -> bytes:
    seen = b""
    while word not in seen:
        seen += os.read(terminal, 1024)
    return seen
