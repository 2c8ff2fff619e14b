"""Series: which record a report belongs to when its sender numbers nothing (C085-C092, C152).

A series is what such a sender means by the same words, such as one version of one product in one environment. Its
reports join the newest record until that is over; then a new one begins, and clients that repeat themselves are told
from those that deploy again by the content and by a window of time.
"""

from datetime import timedelta

from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.identity import attempt_id
from deploytrail.record.model import AnyReport, Attempt, R, Record

REPLAY_WINDOW = timedelta(minutes=10)
"""Clients retry for seconds; the same words an hour later are another deployment."""


def aim(report: AnyReport[R], newest: R | None, *, window: timedelta = REPLAY_WINDOW) -> AnyReport[R]:
    """The report with the id of its record, judged by the newest record of its series. Others pass as they are.

    ``window`` holds for series that bring none of their own.
    """
    series = report.series
    if series is None:
        return report
    number = newest.attempt.number if newest is not None and newest.attempt is not None else 0
    if newest is None or not _joins(newest, report, series.window if series.window is not None else window):
        number += 1
    attempt = Attempt(series=series.key, number=number)
    return report.model_copy(update={"id": attempt_id(series, number), "attempt": attempt})


def is_over(record: Record) -> bool:
    """Whether a series may have gone on after this record: it has ended, or it is full."""
    return record.status.terminal or len(record.tellings) >= MOST_REPORTS


def _joins(newest: R, report: AnyReport[R], window: timedelta) -> bool:
    """Whether it tells of the newest record, even if that is over."""
    told = report.telling
    copies = [telling for telling in newest.tellings if telling.fingerprint == told.fingerprint]
    if len(newest.tellings) >= MOST_REPORTS and not copies:
        return False
    if not newest.status.terminal:
        return True
    ends = [telling for telling in newest.tellings if telling.status.terminal]
    last_heard = max(telling.received_at for telling in copies or ends)
    if not window or told.received_at - last_heard >= window:
        return False
    if copies or told.status.terminal:
        return True
    # A state that was told late, not a new beginning. By both clocks, lest a sender's fast one swallow the next start.
    return told.at < max(min(telling.at, telling.received_at) for telling in ends)
