"""Keys of somebody's own, kept by a client that moves here: read from a file, never from an argument."""

import re

from deploytrail.errors import Rejected
from deploytrail.keys.model import LONGEST, SHORTEST

_OPAQUE = re.compile(r"[!#-\[\]-~]+")
"""What stands in a header, in a URL and in JSON as it is: printable ASCII without space, quote and backslash."""


def read_key(text: str) -> str:
    """The one key that the text holds, alone but for white space around it. Rejected says what is wrong with it."""
    return _checked(text.strip(), "the key")


def read_keys(text: str) -> dict[str, str]:
    """Keys by their names, from lines ``name=key``; blank lines and those that start with # say nothing.

    Rejected names the line that is wrong, and never shows it.
    """
    keys: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, key = (part.strip() for part in line.partition("="))
        if not equals:
            raise Rejected(f"line {number} is not name=key", reason="invalid-field")
        if name in keys:
            raise Rejected(f"line {number}: this name stands above already", reason="invalid-field")
        if key in keys.values():
            raise Rejected(f"line {number}: this key stands above already, under another name", reason="invalid-field")
        keys[name] = _checked(key, f"line {number}: the key")
    if not keys:
        raise Rejected("there is no line name=key to import", reason="missing-field")
    return keys


def _checked(key: str, what: str) -> str:
    if len(key) < SHORTEST:
        raise Rejected(f"{what} has fewer than {SHORTEST} characters: it could be guessed", reason="invalid-field")
    if len(key) > LONGEST:
        raise Rejected(f"{what} has more than {LONGEST} characters", reason="invalid-field")
    if not _OPAQUE.fullmatch(key):
        raise Rejected(
            f"{what} has a character that is not printable ASCII, or a space, a quote or a backslash",
            reason="invalid-field",
        )
    return key
