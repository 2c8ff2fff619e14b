"""The browser: the system's own Chromium, driven by Playwright, which brings none of its own here."""

import os
import shutil
import subprocess

FLAGS = (
    "--no-sandbox",  # a container's root may not make one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

NAMED = "DEPLOYTRAIL_TEST_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL = (
    ("apt-get", "update", "-q"),
    ("apt-get", "install", "-qy", "--no-install-recommends", "chromium"),
)


class NoBrowser(Exception):
    """There is none, and it says what to do."""


def chromium() -> str:
    """The program to start: the one that is named, else the machine's; as root on Debian it is installed, once."""
    named = os.environ.get(NAMED)
    if named:
        if shutil.which(named) is None:
            raise NoBrowser(f"{NAMED} names {named}, which is no program")
        return named
    return _installed() or _install()


def _installed() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _install() -> str:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoBrowser(f"there is no Chromium: install your system's package, or name the program in {NAMED}")
    for command in _INSTALL:
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        )
        if done.returncode != 0:
            raise NoBrowser(f"{' '.join(command)} failed: {done.stderr.strip()}")
    found = _installed()
    if found is None:
        raise NoBrowser("apt-get installed chromium, and there is none")
    return found
