"""What a machine must be, and be given, to run a node; what a killed run has left on it is removed here, too."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.node import cgroups

PACKAGES = {
    "buildah": "buildah",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "nft": "nftables",
    "mmdebstrap": "mmdebstrap",
    "socat": "socat",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
"""The Debian package that brings each program."""

FOLDERS = Path("/tmp")  # not below /run, /var or /etc, which a node sees in a version of its own; short, for sockets
PREFIX = "deploytrail-node-"


class Unfit(Exception):
    """No node can run here; the message says what is missing."""


def prepare() -> None:
    """Install what is missing from Debian's packages, and sweep up after runs that were killed. May raise Unfit."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Unfit(f"a node of our own needs root on Linux; {_instead()}")
    if not _may_have_namespaces():
        raise Unfit(f"root may not make namespaces here (a container without privileges?); {_instead()}")
    if missing := sorted({package for program, package in PACKAGES.items() if not _found(program)}):
        _install(missing)
    sweep()


def sweep(is_running: Callable[[int], bool] = lambda pid: Path(f"/proc/{pid}").exists()) -> None:
    """Remove the folders and groups of nodes whose process is gone. Their names end in its id."""
    for name in {*cgroups.present(), *(each.name for each in FOLDERS.glob(f"{PREFIX}*"))}:
        pid = name.removeprefix(PREFIX)
        if pid.isdecimal() and not is_running(int(pid)):
            cgroups.remove(name)
            shutil.rmtree(FOLDERS / name, ignore_errors=True)


def overlays(folder: Path) -> bool:
    """Whether an overlay can lie on the file system of a folder; on another overlay it cannot."""
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True, check=True).stdout
    return "overlay" not in kind


def _may_have_namespaces() -> bool:
    return (
        subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True).returncode == 0
    )


def _found(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None


def _install(packages: list[str]) -> None:
    if shutil.which("apt-get") is None:
        raise Unfit(f"there is no apt-get to install {', '.join(packages)} with; {_instead()}")
    print(f"installing from Debian's packages: {' '.join(packages)}", file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise Unfit(f"apt-get {' '.join(command)}: {(done.stderr or done.stdout).strip()[-800:]}")


def _instead() -> str:
    """What else the same tests run on."""
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        return "Docker is here: make test-node CLUSTER=kind"
    return "the same tests run on kind where Docker is (make test-node CLUSTER=kind), and no Docker answers here either"
