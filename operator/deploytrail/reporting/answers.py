"""What an answer to a report means: recorded, refused for good, or to be asked again."""

import httpx

from deploytrail.remote.answers import check, one_line, parse, stranger


def recorded_as(answer: httpx.Response, text: str) -> str:
    """The id of the record. Raises Rejected (Conflict), or Unavailable when the same request may work later."""
    check(answer, text)
    found = parse(text).get("id")
    if isinstance(found, str) and found:
        return one_line(found)
    raise stranger(answer)
