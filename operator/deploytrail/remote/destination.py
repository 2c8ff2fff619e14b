"""Where a Deploytrail is, and the key for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from deploytrail.errors import Misconfigured
from deploytrail.remote.variables import PREFIX

_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to, and who we are there."""

    url: str
    """Base URL, without a slash at its end."""
    key: str = field(repr=False)


def find_url(flag: str | None, variables: Mapping[str, str]) -> str | None:
    """The base URL; None when none is said. Raises Misconfigured when what is said cannot be one."""
    text = (variables.get(f"{PREFIX}URL", "") if flag is None else flag).strip()
    if not text:
        return None
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise Misconfigured(f"{PREFIX}URL or --url is not a URL: {error}") from error
    if url.userinfo:
        raise Misconfigured(f"the URL must not hold a user or a password: the key goes into {PREFIX}KEY")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise Misconfigured(f"{text!r} is not where a Deploytrail is: write a URL like https://deploytrail.example.com")
    return str(url).rstrip("/")


def find_destination(url: str | None, key_file: Path | None, variables: Mapping[str, str]) -> Destination:
    """Both of it. Raises Misconfigured when either is missing or cannot be what it should be; quotes no key."""
    found = find_url(url, variables)
    if found is None:
        raise Misconfigured(f"it is not known where to report to: say --url, or set {PREFIX}URL")
    return Destination(found, find_key(key_file, variables))


def find_key(file: Path | None, variables: Mapping[str, str]) -> str:
    """The key. Raises Misconfigured when there is none, or one that cannot be one; quotes nothing of it."""
    key = (variables.get(f"{PREFIX}KEY", "") if file is None else _read(file)).strip()
    if not key:
        raise Misconfigured(f"there is no key: set {PREFIX}KEY, or say --key-file")
    if _KEY.fullmatch(key) is None:
        raise Misconfigured("the key holds characters that no key has: is it the right variable or file?")
    return key


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Misconfigured(f"the key file {file} cannot be read: {error.strerror}") from error
