"""The files that pages refer to: ours and those of libraries. Each is named after its content, so browsers keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from deploytrail.errors import Misconfigured

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
}

OURS = ("page.css", "page.js", "theme.js", "plots.js", "icon.svg")
LIBRARIES = ("htmx.min.js", "uplot.min.js", "uplot.min.css", "inter.woff2")
LICENCES = ("licenses/htmx.txt", "licenses/uplot.txt", "licenses/inter.txt")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, and the name under which it is served."""

    name: str
    content: bytes
    media_type: str


def load_assets() -> Mapping[str, Asset]:
    """All files by the names that templates use. Misconfigured when this build lacks one."""
    folder = files("deploytrail.serve.pages")
    found = {name: _read(folder / "static" / name) for name in OURS}
    found |= {name: _read(folder / "vendor" / name) for name in LIBRARIES}
    licences = [_read(folder / "vendor" / name).decode() for name in LICENCES]
    found["licences.txt"] = "\n\n----\n\n".join(licences).encode()
    assets = {name: _asset(name, content) for name, content in found.items() if name != "page.css"}
    # The one file that refers to another.
    css = found["page.css"].replace(b"inter.woff2", assets["inter.woff2"].name.encode())
    return assets | {"page.css": _asset("page.css", css)}


def _read(file: Traversable) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise Misconfigured(
            f"this build of Deploytrail lacks {error.filename}: build it with hatch_build.py"
        ) from error


def _asset(name: str, content: bytes) -> Asset:
    stem, _, kind = name.rpartition(".")
    return Asset(f"{stem}.{sha256(content).hexdigest()[:12]}.{kind}", content, TYPES[kind])
