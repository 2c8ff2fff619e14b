"""Find or build the programs of a control plane: ``python -m tests.controlplane.build``.

In this order: ``$KUBEBUILDER_ASSETS``, our cache, a build from the Go modules pinned beside this file.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane.golang import NoGo, go_build, go_for
from tests.controlplane.parts import CONTROL_PLANE, PARTS, Part, cache_folder

REPORT_EVERY = 15.0
"""Seconds between two lines that say a build is still under way."""


class BuildFailed(Exception):
    """Go refused; the message carries what it said."""


def program(name: str) -> Path:
    """The program of that name, built first when there is none yet.

    Raises NoGo or BuildFailed, and FileNotFoundError when ``$KUBEBUILDER_ASSETS`` is set and lacks it.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        found = Path(assets) / name
        if found.exists():
            return found
        if name in CONTROL_PLANE and name != "helm":
            raise FileNotFoundError(f"KUBEBUILDER_ASSETS is {assets}, and there is no {name} in it")
    return _cached_or_built(PARTS[name])


def _cached_or_built(part: Part) -> Path:
    target = part.target
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with alone(cache_folder() / "lock"):
        if not target.exists():
            _build(part, target)
    return target


def _build(part: Part, target: Path) -> None:
    go = go_for(part)
    fresh, log = target.with_suffix(".new"), target.with_suffix(".log")
    _say(f"building {part.name} (usually {part.usually} when nothing is cached, once per machine)")
    begun = time.monotonic()
    _wait(part, go_build(go, part, fresh, log), log, begun)
    fresh.rename(target)
    log.unlink()
    _say(f"built {part.name} in {time.monotonic() - begun:.0f} s: {target}")


def _wait(part: Part, build: "subprocess.Popen[bytes]", log: Path, begun: float) -> None:
    with build:
        try:
            while build.poll() is None:
                try:
                    build.wait(REPORT_EVERY)
                except subprocess.TimeoutExpired:
                    _say(f"  still building {part.name}: {time.monotonic() - begun:.0f} s")
        except BaseException:
            build.terminate()
            raise
    if build.returncode != 0:
        raise BuildFailed(f"{part.name} could not be built:\n{log.read_text(errors='replace').strip()[-2000:]}")


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One build at a time on this machine; the others wait and find it done."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"waiting for the build that holds {lock}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Have every part ready, and print where each one is."""
    try:
        for name in CONTROL_PLANE:
            print(program(name))
    except (NoGo, BuildFailed, FileNotFoundError) as refused:
        _say(str(refused))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
