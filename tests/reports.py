"""Reports for tests: a valid one with everything replaceable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deploytrail.record.identity import hivel_id
from deploytrail.record.model import Facts, Repeat, Report, Source, Status, Telling

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def report(
    name: str = "deploy-1",
    *,
    status: Status = Status.COMPLETED,
    at: datetime = NOON,
    repeat: Repeat = Repeat.NEWEST,
    content: str = "",
    body: str | None = None,
    started_at: datetime | None = NOON - timedelta(minutes=1),
    finished_at: datetime | None = None,
    reason: str | None = None,
    counted: bool = True,
    **facts: Any,
) -> Report:
    """One telling about the deployment ``name``; ``content`` tells two otherwise equal ones apart."""
    return Report(
        id=hivel_id(deployment_id=name, start_time=NOON),
        telling=Telling(
            source=Source.HIVEL,
            status=status,
            at=at,
            received_at=at,
            reporter="ci",
            raw_status=status.value,
            body=body,
            fingerprint=f"{name} {status} {at} {content}",
        ),
        facts=Facts(**({"product": "web", "environment": "production", "version": "1.2.3"} | facts)),
        started_at=started_at,
        finished_at=finished_at,
        reason=reason,
        counted=counted,
        repeat=repeat,
    )
