"""The pages as a site: ``python -m tools.site`` gathers them in build/docs and has zensical build and check them.

docs/ is the most of it; the pages at the root and the chart's belong to it, and links may lead to any other file of the
repository, which is then brought along. A link to a page or a heading that is not there ends it with an error. Those to
elsewhere are listed in site/external-links.txt; nobody follows them.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

ROOT = Path(__file__).parent.parent
GATHERED, SITE, CONFIG = Path("build/docs"), Path("site"), Path("zensical.toml")
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "charts/deploytrail/README.md": "chart.md",
}
"""Pages that are elsewhere in the repository, and their places in the site."""

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?\)")
_WEB = re.compile(r"https?://[^\s)>\"'`]+")
_FENCE = re.compile(r"(^ *```.*?^ *```)", re.DOTALL | re.MULTILINE)


def gather(root: Path, folder: Path) -> None:
    """Every page of the repository below ``root``, its links as the site needs them, and what they lead to."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root / "docs", folder)
    for source in _sources(root):
        text = (root / source).read_text()
        place = _place(source)
        parts = [part if part.lstrip().startswith("```") else _moved(part, source, root) for part in _FENCE.split(text)]
        (folder / place).write_text("".join(parts))
        for target in _targets(text, source, root):
            (folder / _place(target)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / target, folder / _place(target))


def external_links(root: Path) -> list[str]:
    """The links of all pages that lead out of the repository."""
    found = (link for source in _sources(root) for link in _WEB.findall((root / source).read_text()))
    return sorted({link.rstrip(".,;") for link in found})


def _sources(root: Path) -> list[str]:
    return [*PAGES, *(path.relative_to(root).as_posix() for path in sorted((root / "docs").rglob("*.md")))]


def _place(source: str) -> str:
    """Where a file of the repository is in the site."""
    return PAGES.get(source) or (source.removeprefix("docs/") if source.startswith("docs/") else f"files/{source}")


def _moved(text: str, source: str, root: Path) -> str:
    """The text with its links leading to where their targets are in the site; one that leads nowhere stays."""
    here = str(PurePosixPath(_place(source)).parent)

    def move(link: re.Match[str]) -> str:
        target = _target(link[2], source, root)
        return f"{link[1]}{relpath(_place(target), here)}{link[3] or ''})" if target else link[0]

    return _LINK.sub(move, text)


def _targets(text: str, source: str, root: Path) -> set[str]:
    """Files outside docs/ that the text links to and that are no pages."""
    found = {_target(link[2], source, root) for link in _LINK.finditer(text)}
    return {target for target in found if target and target not in PAGES and not target.startswith("docs/")}


def _target(link: str, source: str, root: Path) -> str | None:
    """The file of the repository that a link leads to; None where there is none."""
    if "://" in link or link.startswith(("mailto:", "/")):
        return None
    path = normpath(str(PurePosixPath(source).parent / link))
    return path if not path.startswith("..") and (root / path).is_file() else None


def main() -> int:
    """Build it; 1 when a link is broken."""
    gather(ROOT, ROOT / GATHERED)
    program = Path(sys.executable).with_name("zensical")
    command = [str(program), "build", "--strict", "--clean", "--config-file", str(ROOT / CONFIG)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}, cwd=ROOT)
    if done.returncode != 0:
        print(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout or done.stderr).strip(), file=sys.stderr)
        return 1
    links = external_links(ROOT)
    (ROOT / SITE / "external-links.txt").write_text("\n".join(links) + "\n")
    print(f"The site is in {SITE}; {len(links)} links to elsewhere, not followed, are listed in external-links.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
