"""A disk of one's own: an ext4 in a file, that can lose its power, be full, or begin to refuse writes."""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.waiting import wait_until

_SHUTDOWN = 0x8004587D
"""ioctl FS_IOC_SHUTDOWN: from now on nothing reaches the disk."""

_LOSE_THE_LOG = struct.pack("I", 2)
"""Not even what waits in the file system's journal."""


def why_no_disk() -> str | None:
    """Why this machine cannot make such disks, in a sentence; None when it can."""
    if os.geteuid() != 0:
        return "only root can mount a disk and cut its power"
    if not shutil.which("mkfs.ext4"):
        return "a disk whose power can be cut needs mkfs.ext4"
    if not Path("/dev/loop-control").exists():
        return "a disk whose power can be cut needs a loop device, and there is none"
    return None


class Disk:
    """Mounted on entering, gone on leaving; whoever has files open there has to be ended before."""

    def __init__(self, *, megabytes: int) -> None:
        self._folder, self._bytes = Path(tempfile.mkdtemp(prefix="deploytrail-disk-")), megabytes << 20
        self._image, self.mount = self._folder / "disk.img", self._folder / "disk"

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)  # PostgreSQL is not root
        self.mount.mkdir()
        with self._image.open("wb") as image:
            image.truncate(self._bytes)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self._attach()
        return self

    def __exit__(self, *_: object) -> None:
        if self.mount.is_mount():  # it is not when mounting it again is what failed
            wait_until(self._detach)
        shutil.rmtree(self._folder, ignore_errors=True)

    def cut(self) -> None:
        """Lose the power: what was not flushed is lost, and everybody's writes fail."""
        self._with_folder(lambda folder: fcntl.ioctl(folder, _SHUTDOWN, _LOSE_THE_LOG))

    def recover(self) -> None:
        """Have it back as it is after such an end."""
        wait_until(self._detach)
        self._attach()

    def fail(self) -> None:
        """Have the file system find an error in itself, on which it turns read-only until ``recover``."""
        device = Path(_run("findmnt", "--noheadings", "--output", "SOURCE", self.mount).strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def turn(self, mode: str) -> None:
        """Mount it anew as ``ro`` or ``rw``, while nobody writes."""
        _run("mount", "-o", f"remount,{mode}", self.mount)

    def fill(self) -> None:
        """Leave no room."""
        found = os.statvfs(self.mount)
        piece, size = found.f_bfree * found.f_frsize, 0
        with (self.mount / "filler").open("wb") as filler:
            while piece >= found.f_frsize:
                try:
                    os.posix_fallocate(filler.fileno(), size, piece)
                    size += piece
                except OSError:
                    piece //= 2

    def clear(self) -> None:
        """Undo ``fill``, for good: what only stands in the journal is undone again by an error a moment later."""
        (self.mount / "filler").unlink()
        self._with_folder(os.fsync)

    def _with_folder(self, act: Callable[[int], object]) -> None:
        folder = os.open(self.mount, os.O_RDONLY)
        try:
            act(folder)
        finally:
            os.close(folder)

    def _attach(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", self._image, self.mount)

    def _detach(self) -> None:
        """Fails while anybody has files open there: whoever was killed may take a moment to let go."""
        _run("umount", self.mount)


def _run(*command: object) -> str:
    return subprocess.run([str(each) for each in command], check=True, capture_output=True, text=True).stdout
