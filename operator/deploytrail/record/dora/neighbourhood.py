"""Which judgements one change can touch, so that counts can follow it without all of a place being judged again."""

from collections.abc import Sequence

from deploytrail.record.dora.entry import Entry
from deploytrail.record.dora.judging import LOOK_BACK

MARGIN = 2 * (LOOK_BACK + 1)
"""Those within LOOK_BACK + 1 of the change may be judged otherwise, and need as many more to be judged at all."""


def neighbourhood(entries: Sequence[Entry], index: int) -> tuple[int, int]:
    """From where to where to judge before and after the entry at ``index`` comes or goes: the difference is the change.

    Judgements at the edges lack neighbours, but are the same before and after. A success reaches back to the one before
    it, because failures since then are recovered by it; and it reaches on to the next, which says when those are that
    come after it. ``entries`` are sorted, and hold the entry that comes or goes.
    """
    first, last = index - MARGIN, index + MARGIN
    if entries[index].succeeded:
        first = min(first, _newest_success(entries, index))
    return max(0, first), min(len(entries), max(last, _next_success(entries, index)) + 1)


def reaches(
    entries: Sequence[Entry], index: int, *, succeeded: bool, from_start: bool = False, to_end: bool = False
) -> bool:
    """Whether the neighbourhood of what comes or goes at ``index`` lies in these entries.

    ``succeeded``: whether that is a success. ``from_start``, ``to_end``: that there are no others before or after.
    """
    behind = index >= MARGIN and not (succeeded and _newest_success(entries, index) < 0)
    ahead = index + MARGIN < len(entries) and _next_success(entries, index) < len(entries)
    return (from_start or behind) and (to_end or ahead)


def _newest_success(entries: Sequence[Entry], before: int) -> int:
    return next((each for each in range(before - 1, -1, -1) if entries[each].succeeded), -1)


def _next_success(entries: Sequence[Entry], index: int) -> int:
    """Beyond those that may be judged otherwise, which it has to recover."""
    begin = index + LOOK_BACK + 2
    return next((each for each in range(begin, len(entries)) if entries[each].succeeded), len(entries))
