"""Reports for tests: a valid one of each type, with everything replaceable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deploytrail.record.identity import attempt_id, hivel_id, versioner_id
from deploytrail.record.model import (
    AnnotationFacts,
    AnnotationReport,
    AnnotationType,
    Binding,
    BuildFacts,
    BuildReport,
    Facts,
    Repeat,
    Report,
    Series,
    Source,
    Status,
    Telling,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def telling(
    status: Status = Status.COMPLETED,
    *,
    source: Source = Source.HIVEL,
    at: datetime = NOON,
    received_at: datetime | None = None,
    content: str = "",
    body: str | None = None,
) -> Telling:
    """Told when it happened, unless said otherwise; ``content`` tells two otherwise equal ones apart."""
    return Telling(
        source=source,
        status=status,
        at=at,
        received_at=received_at or at,
        reporter="ci",
        raw_status=status.value,
        body=body,
        fingerprint=content,
    )


def report(
    name: str = "deploy-1",
    *,
    status: Status = Status.COMPLETED,
    source: Source = Source.HIVEL,
    at: datetime = NOON,
    received_at: datetime | None = None,
    repeat: Repeat = Repeat.NEWEST,
    content: str = "",
    body: str | None = None,
    started_at: datetime | None = NOON - timedelta(minutes=1),
    finished_at: datetime | None = None,
    settled_at: datetime | None = None,
    reason: str | None = None,
    counted: bool = True,
    binding: Binding = Binding.NONE,
    **facts: Any,
) -> Report:
    """One telling about the deployment ``name``, whose sender has ids of its own."""
    return Report(
        id=hivel_id(deployment_id=name, start_time=NOON),
        telling=telling(
            status,
            source=source,
            at=at,
            received_at=received_at,
            content=f"{name} {status} {at} {content}",
            body=body,
        ),
        facts=Facts(**({"product": "web", "environment": "production", "version": "1.2.3"} | facts)),
        started_at=started_at,
        finished_at=finished_at,
        settled_at=settled_at,
        reason=reason,
        counted=counted,
        repeat=repeat,
        binding=binding,
    )


def build(
    run: str = "run-1",
    *,
    status: Status = Status.COMPLETED,
    at: datetime = NOON,
    content: str = "",
    body: str | None = None,
    binding: Binding = Binding.STRICT,
    **facts: Any,
) -> BuildReport:
    """One telling about what ``run`` built."""
    known = BuildFacts(**({"product": "web", "version": "1.2.3"} | facts))
    return BuildReport(
        id=versioner_id(run=run, product=known.product, version=known.version),
        telling=telling(status, source=Source.VERSIONER, at=at, content=f"{run} {status} {at} {content}", body=body),
        facts=known,
        finished_at=at if status.terminal else None,
        repeat=Repeat.NEWEST,
        binding=binding,
    )


def stated(
    series: Series,
    status: Status = Status.COMPLETED,
    *,
    at: datetime = NOON,
    received_at: datetime | None = None,
    content: str = "",
    binding: Binding = Binding.NONE,
    **facts: Any,
) -> Report:
    """One telling of a sender without ids. Equal words make equal contents, whenever they are said."""
    return Report(
        id=attempt_id(series, 1),
        telling=telling(status, source=Source.VERSIONER, at=at, received_at=received_at, content=f"{status} {content}"),
        facts=Facts(**({"product": "web", "environment": "production", "version": "1.2.3"} | facts)),
        started_at=at if status is Status.STARTED else None,
        finished_at=at if status.terminal else None,
        repeat=Repeat.NEWEST,
        binding=binding,
        series=series,
    )


def note(
    series: Series,
    content: str = "bonjour",
    *,
    kind: AnnotationType = AnnotationType.COMMENT,
    at: datetime = NOON,
    **facts: Any,
) -> AnnotationReport:
    """A note on the timeline."""
    return AnnotationReport(
        id=attempt_id(series, 1),
        telling=telling(source=Source.QUANTA, at=at, content=content),
        facts=AnnotationFacts(**({"product": "web", "type": kind, "content": content} | facts)),
        series=series,
    )
