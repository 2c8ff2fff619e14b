"""promtool: the machine's own, else that of Debian's package, unpacked into our cache and not installed."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.controlplane.parts import cache_folder

PACKAGE = "prometheus"
_HOW = f"put promtool on the PATH, or install Debian's package {PACKAGE}"


class NoPromtool(Exception):
    """There is none, and none could be had; the message says what to do."""


@cache
def promtool() -> str:
    """The program. Raises NoPromtool."""
    found = shutil.which("promtool")
    if found is not None:
        return found
    home = cache_folder() / "promtool"
    program = home / "promtool"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(program)
    return str(program)


def run(*arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What it says of these arguments."""
    return subprocess.run([promtool(), *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False)


def _unpack(program: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoPromtool(_HOW)
    with tempfile.TemporaryDirectory() as folder:
        if not _download(Path(folder)):
            subprocess.run(["apt-get", "-qq", "update"], capture_output=True, check=False)  # the lists may be missing
            if not _download(Path(folder)):
                raise NoPromtool(f"apt-get download {PACKAGE} failed: {_HOW}")
        [package] = Path(folder).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        shutil.copy2(Path(folder) / "usr/bin/promtool", program.with_suffix(".new"))
    program.with_suffix(".new").rename(program)


def _download(folder: Path) -> bool:
    command = ["apt-get", "-qq", "download", PACKAGE]
    # apt leaves root for an account of its own, which may not write there.
    options = ["-o", "APT::Sandbox::User=root"] if os.getuid() == 0 else []
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, check=False).returncode == 0
