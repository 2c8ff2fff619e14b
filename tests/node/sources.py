"""Versions of the product: the one that is worked on, and the one before it, out of the history."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploytrail import __version__

ROOT = Path(__file__).parents[2]

FIRST = "375a664"
"""What is upgraded from while nothing has been released: the first commit whose chart offers every store."""


@dataclass(frozen=True)
class Source:
    """A version of the product, as far as its image is made of it."""

    folder: Path
    tag: str
    revision: str

    def files(self) -> list[Path]:
        """What is let into the build's context, and the Dockerfile."""
        lines = (self.folder / ".dockerignore").read_text().splitlines()
        let_in = [self.folder / line.removeprefix("!") for line in lines if line.startswith("!")]
        kept_out = [self.folder / line for line in lines if not line.startswith(("!", "*"))]
        files = [file for each in let_in for file in (each.rglob("*") if each.is_dir() else [each])]
        wanted = (file for file in files if file.is_file() and file.suffix != ".pyc")
        return [self.folder / "Dockerfile", *(each for each in wanted if not set(kept_out) & set(each.parents))]

    @property
    def python(self) -> str:
        """The name of the base image, with its build argument still in it."""
        found = re.search(r"^FROM (\S*\$\{PYTHON\}\S*)", (self.folder / "Dockerfile").read_text(), re.MULTILINE)
        assert found is not None, "the Dockerfile names no base image with ${PYTHON} in it"
        return found.group(1)


def current() -> Source:
    """The working tree."""
    known = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return Source(ROOT, __version__, known.stdout.strip() or "unknown")


def previous(folder: Path) -> Source:
    """The newest version released before this one, unpacked into ``folder``. Needs the history."""
    tags = _git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").split()
    older = [tag for tag in tags if tag != f"v{__version__}"]
    revision = _git("rev-parse", older[0] if older else FIRST).strip()
    archive = folder / "source.tar"
    _git("archive", f"--output={archive}", revision)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    return Source(folder, "previous", revision)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the previous version is in the history, and git says: {done.stderr.strip()}"
    return done.stdout
