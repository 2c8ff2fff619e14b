"""The way in: a report comes from a source, is judged, is stored, and only then is it acknowledged."""

from datetime import datetime
from typing import assert_never

import structlog

from deploytrail import telemetry
from deploytrail.errors import Conflict, Rejected, Unavailable
from deploytrail.record.admission import admit
from deploytrail.record.model import Deployment, Report
from deploytrail.stores.base import Conflicting, Duplicate, Recorded, Store

log = structlog.get_logger()


class Recorder:
    """Every source hands its reports to ``record``; nothing else writes deployments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def record(self, report: Report, *, now: datetime) -> Deployment:
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
            case Recorded(deployment, created):
                log.info("deployment_recorded", **telemetry.summary(deployment), created=created)
                return deployment
            case Duplicate(deployment):
                log.debug("report_repeated", **telemetry.summary(deployment))
                return deployment
            case Conflicting(deployment):
                telemetry.rejected(report.telling.source, "conflict")
                log.warning("report_contradicted", **telemetry.summary(deployment))
                raise Conflict(f"{deployment.id} is already recorded with another content")
            case _:
                assert_never(outcome)
