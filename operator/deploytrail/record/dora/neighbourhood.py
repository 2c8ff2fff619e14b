"""Which judgements one change can touch, so that counts can follow it without all of a place being judged again."""

from collections.abc import Sequence

from deploytrail.record.dora.entry import Entry
from deploytrail.record.dora.judging import LOOK_BACK

MARGIN = 2 * (LOOK_BACK + 1)
"""Those within LOOK_BACK + 1 of the change may be judged otherwise, and need as many more to be judged at all."""


def neighbourhood(entries: Sequence[Entry], index: int) -> tuple[int, int]:
    """From where to where to judge before and after the entry at ``index`` comes or goes: the difference is the change.

    Judgements at the edges lack neighbours, but are the same before and after. It reaches back to the success before,
    whose failures since may now be recovered, and on to the next success, which says when those after it are.
    ``entries`` are sorted, and hold the entry that comes or goes.
    """
    return _first(entries, index), _last(entries, index)


def reaches(entries: Sequence[Entry], index: int, *, from_start: bool, to_end: bool) -> bool:
    """Whether the neighbourhood lies in ``entries``, which are all there are from the start, or to the end, or not."""
    first, last = index - MARGIN, index + MARGIN
    behind = from_start or (first >= 0 and any(each.succeeded for each in entries[:index]))
    ahead = to_end or (last < len(entries) and any(each.succeeded for each in entries[index + LOOK_BACK + 2 :]))
    return behind and ahead


def _first(entries: Sequence[Entry], index: int) -> int:
    success = next((each for each in range(index - 1, -1, -1) if entries[each].succeeded), 0)
    return max(0, min(index - MARGIN, success))


def _last(entries: Sequence[Entry], index: int) -> int:
    begin = index + LOOK_BACK + 2
    success = next((each for each in range(begin, len(entries)) if entries[each].succeeded), len(entries))
    return min(len(entries), max(index + MARGIN, success) + 1)
