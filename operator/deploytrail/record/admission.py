"""What holds for every report, whatever its source: checked once, on the way in."""

from datetime import datetime, timedelta

from deploytrail.errors import Rejected
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import AnyReport, Build, Links, R, Status

CLOCK_SKEW = timedelta(days=1)
"""How far in the future a reported time may lie: time zones mistaken for UTC pass, mistyped years do not."""

LONGEST_NAME = 512
"""Characters of a product, environment or version; longer is a payload in the wrong field."""

LONGEST_TEXT = 4096
"""Characters of any other single fact."""

LONGEST_CONTENT = 65_536
"""Characters of an annotation, which people write."""

MOST_ITEMS = 1000
"""Images or pull requests of one deployment."""

MOST_REPORTS = 200
"""Reports of one record: far more than it has states. More is a sender that calls everything the same."""

_LONGEST = {
    "product": LONGEST_NAME,
    "environment": LONGEST_NAME,
    "version": LONGEST_NAME,
    "content": LONGEST_CONTENT,
}


def admit(report: AnyReport[R], *, now: datetime) -> AnyReport[R]:
    """The report itself, or Rejected with a sentence for its sender."""
    for field, value in report.facts:
        _check_size(field, value)
    for field in ("started_at", "finished_at", "settled_at"):
        when = getattr(report, field, None)
        if when is not None and when > now + CLOCK_SKEW:
            raise Rejected(
                f"{field} {to_rfc3339(when)} lies in the future (it is {to_rfc3339(now)})",
                reason="invalid-time",
                field=field,
            )
    if report.started_at and report.finished_at and report.started_at > report.finished_at:
        raise Rejected("Start time cannot be after end time", reason="invalid-time", field="started_at")
    if report.makes is Build and report.telling.status is Status.UNKNOWN:
        raise Rejected(
            "a build has a verdict or none yet: it cannot be unknown", reason="invalid-status", field="status"
        )
    return report


def _check_size(field: str, value: object) -> None:
    longest = _LONGEST.get(field, LONGEST_TEXT)
    if isinstance(value, str) and len(value) > longest:
        raise Rejected(f"{field} is longer than {longest} characters", reason="invalid-field", field=field)
    if isinstance(value, tuple):
        if len(value) > MOST_ITEMS:
            raise Rejected(f"{field} has more than {MOST_ITEMS} items", reason="invalid-field", field=field)
        for item in value:
            _check_size(field, item)
    if isinstance(value, Links):
        for name, link in value:
            _check_size(f"links.{name}", link)
