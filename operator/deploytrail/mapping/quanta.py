"""Quanta's words into ours: the kinds of event, and the version that a free text speaks of."""

import re
from collections.abc import Mapping

from deploytrail.record.model import AnnotationType

DEPLOYMENT = "code_deploy"
"""The one kind that is a deployment."""

ANNOTATIONS: Mapping[str, AnnotationType] = {
    "config_change": AnnotationType.CONFIG_CHANGE,
    "comment": AnnotationType.COMMENT,
    "cron": AnnotationType.CRON,
    "custom": AnnotationType.CUSTOM,
}

REPEATABLE = frozenset({"comment", "custom"})
"""Kinds of which the same again is always meant: people write them."""

VERSION = r"(?i)\b(?:version|release|v)[ :=]*(?P<version>\d[0-9a-z._+-]*[0-9a-z]|\d)"
"""``version 42.0``, ``Release: 1.2.3``, ``v7``: what follows the word is the version."""

_LONGEST_SEARCHED = 4096
_LONGEST_WORD = 128


def version_of(content: str, pattern: re.Pattern[str]) -> str | None:
    """The pattern's group ``version``, else its first, else all it matched; of a text of one word, the word.

    None when the text names no version.
    """
    found = pattern.search(content[:_LONGEST_SEARCHED])
    if found is not None:
        named = found.groupdict().get("version") or (found.group(1) if pattern.groups else found.group())
        return named or None
    word = content.strip()
    return word if word and len(word) <= _LONGEST_WORD and not re.search(r"\s", word) else None
