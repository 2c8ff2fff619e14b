"""The way in: a report comes from a source, is judged, is stored, and only then is it acknowledged."""

from datetime import datetime
from typing import assert_never

import structlog

from deploytrail import telemetry
from deploytrail.errors import Conflict, Rejected, Unavailable
from deploytrail.record.admission import admit
from deploytrail.record.model import AnyReport, R
from deploytrail.stores.base import Conflicting, Duplicate, Recorded, Store, VersionTaken

log = structlog.get_logger()


class Recorder:
    """Every source hands its reports to ``record``; nothing else writes records."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, report: AnyReport[R], *, now: datetime) -> R:
        """Record what was told. When this returns, the record is durable.

        Raises Rejected when the report can never be recorded, Conflict when it contradicts what is, and
        Unavailable when the store is away: then nothing was written and the same report may be sent again.
        """
        try:
            outcome = await self._store.record(admit(report, now=now))
        except Rejected as refusal:
            telemetry.rejected(report.telling.source, refusal.reason)
            raise
        except Unavailable:
            telemetry.unavailable(report.telling.source)
            raise
        telemetry.recorded(report.telling.source, outcome)
        match outcome:
            case Recorded(record, created):
                log.info(f"{type(record).__name__.lower()}_recorded", **telemetry.summary(record), created=created)
                return record
            case Duplicate(record):
                log.debug("report_repeated", **telemetry.summary(record))
                return record
            case Conflicting(record):
                telemetry.rejected(report.telling.source, "conflict")
                log.warning("report_contradicted", **telemetry.summary(record))
                raise Conflict(f"{record.id} is already recorded with another content")
            case VersionTaken(product, version, commit):
                telemetry.rejected(report.telling.source, "conflict")
                log.warning(
                    "version_contradicted",
                    product=product,
                    version=version,
                    commit=commit,
                    source=report.telling.source.value,
                    reporter=report.telling.reporter,
                )
                raise Conflict(f"Version {version} already exists with different SHA", field="version")
            case _:
                assert_never(outcome)
