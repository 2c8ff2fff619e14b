"""What a node has put on the machine is gone with it, however its run ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.node import cgroups
from tests.node.machine import FOLDERS, PREFIX, sweep
from tests.node.node import Node
from tests.waiting import wait_until

RUN = """\
import sys
from tests.node.images import PAUSE
from tests.node.node import Node

with Node() as node:
    node.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=60s")
    node.kubectl("run", "left", f"--image={PAUSE}")
    node.kubectl("wait", "--for=condition=Ready", "pod/left", "--timeout=90s")
    print("up", flush=True)
    sys.stdin.read()
    raise AssertionError("as in a test")
"""

Run = subprocess.Popen[str]


@pytest.fixture
def run(node: Node) -> Iterator[Run]:
    """A run with a pod on a node of its own. It fails as soon as its input ends."""
    del node  # with it, everything is built, where that can be seen
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", RUN], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as run:
        yield run
        run.kill()


def networks() -> dict[int, str]:
    """Every process that runs on this machine, and the network it is in."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ends just now, or has ended and nobody asked how
            found[int(folder.name)] = str((folder / "ns/net").readlink())
    return found


def below(process: int) -> set[int]:
    """What it has started, and what they have."""
    with suppress(OSError):
        children = {int(each) for task in Path(f"/proc/{process}/task").iterdir() for each in _children(task)}
        return children.union(*map(below, children))
    return set()


def _children(task: Path) -> list[str]:
    return (task / "children").read_text().split()


def mounts() -> set[str]:
    """Where anything is mounted. What other tests mount is below the folder of temporary files."""
    points = {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    return {point for point in points if not point.startswith(f"{FOLDERS}/") or PREFIX in point}


def interfaces() -> list[str]:
    """Of the machine's own network."""
    return sorted(each.name for each in Path("/sys/class/net").iterdir())


@pytest.mark.parametrize("end", ["failed", "killed"])
def test_nothing_is_left_of_a_run_that_was(end: str, run: Run) -> None:
    assert run.stdin is not None
    assert run.stdout is not None
    assert run.stderr is not None
    had = mounts(), interfaces()
    assert run.stdout.readline() == "up\n", run.stderr.read()
    name, processes, there = f"{PREFIX}{run.pid}", below(run.pid), networks()
    foreign = {network for process, network in there.items() if process in processes} - {there[os.getpid()]}
    assert len(foreign) == 2, "the node's and the pod's"

    if end == "failed":
        run.stdin.close()
        assert "AssertionError: as in a test" in run.stderr.read()
    else:
        run.kill()
    run.wait()
    if end == "killed":
        wait_until(lambda: not processes & networks().keys())
        sweep()

    now = networks()
    assert processes & now.keys() == set()
    assert foreign & set(now.values()) == set()
    assert not [network for network in foreign if network in Path("/proc/self/mountinfo").read_text()]
    assert (mounts(), interfaces()) == had
    assert name not in cgroups.present()
    assert not (FOLDERS / name).exists()
