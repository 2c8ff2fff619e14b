"""Which judgements one change can touch, so that counts can follow it without all of a place being judged again."""

from collections.abc import Sequence

from deploytrail.record.dora.entry import Entry
from deploytrail.record.dora.judging import FURTHEST, LOOK_BACK


def neighbourhood(entries: Sequence[Entry], index: int) -> tuple[int, int]:
    """From where to where to judge before and after the entry at ``index`` comes or goes: the difference is the change.

    Judgements at the edges lack neighbours, but are the same before and after. ``entries`` are sorted, and hold the
    entry that comes or goes.
    """
    first = _first(entries, index, succeeded=entries[index].succeeded)
    last = _last(entries, index)
    return first or 0, last + 1 if last is not None else len(entries)


def reaches(
    entries: Sequence[Entry], index: int, *, succeeded: bool, from_start: bool = False, to_end: bool = False
) -> bool:
    """Whether the neighbourhood of what comes or goes at ``index`` lies in these entries.

    ``succeeded``: whether that is a success. ``from_start``, ``to_end``: that there are no others before or after.
    """
    behind = from_start or _first(entries, index, succeeded=succeeded) is not None
    return behind and (to_end or _last(entries, index) is not None)


def suffices(entries: Sequence[Entry], index: int, *, from_start: bool, to_end: bool) -> bool:
    """Whether these entries are enough to judge the one at ``index``, but for when it recovered."""
    behind = from_start or _begin(entries, index) is not None
    following = entries[index + 1 : index + 1 + FURTHEST]
    return behind and (to_end or len(following) == FURTHEST or any(each.landed for each in following))


def _first(entries: Sequence[Entry], index: int, *, succeeded: bool) -> int | None:
    """The first that has to be there; None when it may be one before these.

    What landed last before the change may be judged otherwise, by what lands after it; and a success recovers what
    failed since the success before it. So it begins with what the next to land after that one is compared with.
    """
    after = _newest_success(entries, index) if succeeded else _newest_landed(entries, index)
    return _begin(entries, after + 1) if after is not None else None


def _begin(entries: Sequence[Entry], index: int) -> int | None:
    """The first that the one at ``index`` is compared with; None when it may be one before these."""
    versions: set[str | None] = set()
    for each in range(index - 1, index - 1 - FURTHEST, -1):
        if each < 0:
            return None
        if entries[each].landed:
            versions.add(entries[each].version)
        if len(versions) > LOOK_BACK:
            return each + 1
    return index - FURTHEST


def _newest_success(entries: Sequence[Entry], before: int) -> int | None:
    return next((each for each in range(before - 1, -1, -1) if entries[each].succeeded), None)


def _newest_landed(entries: Sequence[Entry], before: int) -> int | None:
    """No further away than what lands after the change is compared with."""
    for each in range(before - 1, before - FURTHEST - 2, -1):
        if each < 0:
            return None
        if entries[each].landed:
            return each
    return before - FURTHEST - 1


def _last(entries: Sequence[Entry], index: int) -> int | None:
    """The last that has to be there, a success that recovers what is judged otherwise; None when it is beyond these."""
    last = _last_compared(entries, index)
    return next((each for each in range(last + 1, len(entries)) if entries[each].succeeded), None)


def _last_compared(entries: Sequence[Entry], index: int) -> int:
    """The last that may be compared with the change."""
    versions: set[str | None] = set()
    for each in range(index + 1, min(index + FURTHEST + 2, len(entries))):
        if entries[each].landed:
            versions.add(entries[each].version)
        if len(versions) > LOOK_BACK:
            return each
    return index + FURTHEST + 1
