"""The control groups below which the node's pods live: version 1 (a folder per controller) or 2 (one folder)."""

import contextlib
import os
from functools import partial
from pathlib import Path

from tests.waiting import wait_until

ROOT = Path("/sys/fs/cgroup")
PREFIX = "deploytrail-node-"
"""How the names of our groups begin, so that those of a run that was killed can be found."""

WEIGHT = 10
"""How many processes of a busy machine all the pods together count for; by itself a group counts for one."""

CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids")
"""What kubelet wants of version 2."""


def unified() -> bool:
    """Whether this machine has version 2 alone."""
    return (ROOT / "cgroup.controllers").exists()


def create(name: str) -> None:
    """Make the group."""
    if unified():
        offered = (ROOT / "cgroup.controllers").read_text().split()
        wanted = " ".join(f"+{each}" for each in CONTROLLERS if each in offered)
        (ROOT / "cgroup.subtree_control").write_text(wanted)
        (ROOT / name).mkdir()
        (ROOT / name / "cgroup.subtree_control").write_text(wanted)
        if "cpu" in offered:
            (ROOT / name / "cpu.weight").write_text(str(100 * WEIGHT))
        return
    for hierarchy in _hierarchies():
        if hierarchy.name != "unified":  # where there is one beside version 1, it has no controllers
            (hierarchy / name).mkdir()
    (ROOT / "cpu" / name / "cpu.shares").write_text(str(1024 * WEIGHT))
    cpuset = ROOT / "cpuset"
    for setting in ("cpuset.cpus", "cpuset.mems"):  # nothing may run in a group that has not been given these
        if (cpuset / setting).exists():
            (cpuset / name / setting).write_text((cpuset / setting).read_text())


def remove(name: str) -> None:
    """Remove the group and those below it; they can go once the last process in them has."""
    groups = [ROOT / name] if unified() else [hierarchy / name for hierarchy in _hierarchies()]
    for group in groups:
        wait_until(partial(_removed, group))


def present() -> list[str]:
    """The groups of all nodes, also of runs that were killed."""
    folders = [ROOT] if unified() else _hierarchies()
    return sorted({group.name for folder in folders for group in folder.glob(f"{PREFIX}*")})


def _hierarchies() -> list[Path]:
    return [each for each in ROOT.iterdir() if each.is_dir() and not each.is_symlink()]


def _removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()
