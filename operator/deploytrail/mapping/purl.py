"""Package URLs, by which CDEvents names artefacts, such as ``pkg:oci/app@sha256:...?repository_url=ghcr.io/app``."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

_PURL = re.compile(
    r"pkg:/*(?P<type>[A-Za-z][A-Za-z0-9.+-]*)/(?P<path>[^@?#]+)(?:@(?P<version>[^?#]+))?(?:\?(?P<more>[^#]*))?(?:#.*)?"
)
_FORGES = {"github": "https://github.com", "gitlab": "https://gitlab.com", "bitbucket": "https://bitbucket.org"}
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Purl:
    """What was packaged, as far as it is said."""

    name: str
    version: str | None
    """An image's tag; without one its digest."""
    commit: str | None = None
    """When the version is one."""
    repository: str | None = None
    """Of a package that is a git repository."""
    image: str | None = None
    """Of an OCI artefact, as it is pulled."""


def parse(text: str) -> Purl | None:
    """None for what is no package URL. https://github.com/package-url/purl-spec"""
    found = _PURL.fullmatch(text.strip())
    if found is None:
        return None
    kind, path = found["type"].lower(), [unquote(part) for part in found["path"].strip("/").split("/") if part]
    if not path:
        return None
    version = unquote(found["version"]) if found["version"] else None
    if kind in ("oci", "docker"):
        return _image(path, version, dict(parse_qsl(found["more"] or "")))
    forge = _FORGES.get(kind)
    return Purl(
        name=path[-1],
        version=version,
        commit=version if version is not None and _COMMIT.fullmatch(version) else None,
        repository="/".join((forge, *path)) if forge is not None and len(path) > 1 else None,
    )


def _image(path: list[str], version: str | None, more: dict[str, str]) -> Purl:
    where = more.get("repository_url") or "/".join(path)
    where = where.partition("://")[2] if "://" in where else where
    tag = more.get("tag")
    suffix = f"@{version}" if version is not None and ":" in version else f":{version}" if version else ""
    tagged = f":{tag}" if tag and suffix.startswith("@") else ""
    return Purl(name=path[-1], version=tag or version, image=f"{where}{tagged}{suffix}")
