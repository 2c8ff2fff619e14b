"""Series: which record a report belongs to when its sender numbers nothing (C085-C092, C152).

A series is what such a sender means by the same words, such as one version of one product in one environment. Its
reports join the newest record until that is over; then a new one begins, and clients that repeat themselves are told
from those that deploy again by the content and by a window of time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.identity import attempt_id
from deploytrail.record.model import AnyReport, Attempt, R, Record, Series, Telling

REPLAY_WINDOW = timedelta(minutes=10)
"""Clients retry for seconds; the same words an hour later are another deployment."""

LOOK_BACK = 20
"""How many records before the newest may be meant by a replay: as many clients of one series tell at once."""


def aim(
    report: AnyReport[R], newest: R | None, earlier: Sequence[R] = (), *, window: timedelta = REPLAY_WINDOW
) -> AnyReport[R]:
    """The report with the id of its record, judged by the newest record of its series. Others pass as they are.

    ``earlier`` are those before it that may be meant, the youngest first (see ``earlier_of``). ``window`` holds for
    series that bring none of their own.
    """
    series = report.series
    if series is None:
        return report
    number = _number(report.telling, newest, earlier, series=series, window=_window(series, window))
    attempt = Attempt(series=series.key, number=number)
    return report.model_copy(update={"id": attempt_id(series, number), "attempt": attempt})


def is_over(record: Record) -> bool:
    """Whether a series may have gone on after this record: it has ended, or it is full."""
    return record.status.terminal or _is_full(record)


def earlier_of(
    report: AnyReport[R], newest: R | None, known: Callable[[str], R | None], *, window: timedelta
) -> Sequence[R]:
    """The records before the newest whose reports may be repeated by this one, the youngest first."""
    found: list[R] = []
    record = newest if newest is not None and is_over(newest) else None
    while record is not None and len(found) < LOOK_BACK:
        before = id_before(report, record, window=window)
        record = known(before) if before is not None else None
        found += [record] if record is not None else []
    return found


def id_before(report: AnyReport[R], record: R, *, window: timedelta) -> str | None:
    """The id of the record before this one, unless all that it was told is too old to be repeated."""
    series, attempt = report.series, record.attempt
    if series is None or attempt is None or attempt.number == 1:
        return None
    if _is_past(record.created_at, report.telling, _window(series, window)):
        return None
    return attempt_id(series, attempt.number - 1)


def _window(series: Series, default: timedelta) -> timedelta:
    return series.window if series.window is not None else default


def _number(told: Telling, newest: R | None, earlier: Sequence[R], *, series: Series, window: timedelta) -> int:
    if newest is None or newest.attempt is None:
        return 1
    last = newest.attempt.number
    if not is_over(newest):
        return last
    for record in (newest, *earlier):
        if record.attempt is not None and _repeats(told, record, window):
            return record.attempt.number
    return last if _adds(told, newest, series=series, window=window) else last + 1


def _repeats(told: Telling, record: Record, window: timedelta) -> bool:
    """Whether it says again what the record was told a moment ago; while that is open, at any time."""
    heard = [telling.received_at for telling in record.tellings if telling.fingerprint == told.fingerprint]
    return bool(heard) and (not record.status.terminal or not _is_past(max(heard), told, window))


def _adds(told: Telling, newest: Record, *, series: Series, window: timedelta) -> bool:
    """Whether it tells something new of a record that is over."""
    if _is_full(newest) or any(telling.fingerprint == told.fingerprint for telling in newest.tellings):
        return False
    ends = [telling for telling in newest.tellings if telling.status.terminal]
    if _is_past(max(end.received_at for end in ends), told, window):
        return False
    if told.status.terminal:
        return not series.ends_once and any(_is_near(told, end, window) for end in ends)
    # A state that was told late, not a new beginning. By both clocks, lest a sender's fast one swallow the next start.
    return told.at < max(min(end.at, end.received_at) for end in ends)


def _is_past(heard: datetime, told: Telling, window: timedelta) -> bool:
    return not window or told.received_at - heard >= window


def _is_near(told: Telling, end: Telling, window: timedelta) -> bool:
    """Whether the two may be of one end. A report without a time of its own says nothing against it."""
    return told.at == told.received_at or abs(told.at - end.at) <= window


def _is_full(record: Record) -> bool:
    return len(record.tellings) >= MOST_REPORTS
