"""What was sent, without keys: before anything of it is understood or stored."""

import re
from urllib.parse import unquote_plus

from deploytrail.keys.model import SHORTEST

_OURS = re.compile(r"dtk_[0-9a-f]{8}_[A-Za-z0-9_-]{20,}")


def hide(text: str, presented: str) -> str:
    """The text without the key it came with, should it hold it too, and without whatever looks like one of ours."""
    for spelling in {presented, presented.replace("/", r"\/")}:
        if len(presented) >= SHORTEST and spelling in text:
            text = text.replace(spelling, "***")
    return _OURS.sub("***", text) if "dtk_" in text else text


def hide_in_query(query: str, presented: str) -> str:
    """The query without the parameters that are, or hold, the key it came with, however they are encoded."""
    return "&".join(part for part in query.split("&") if not _tells(part, presented))


def _tells(parameter: str, presented: str) -> bool:
    name, _, value = unquote_plus(parameter).partition("=")
    return presented in (name, value) or (len(presented) >= SHORTEST and presented in unquote_plus(parameter))
