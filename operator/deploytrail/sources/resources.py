"""DeploymentEvents: what people apply is reported, and every one gets its status."""

from datetime import datetime

import structlog

from deploytrail.errors import Rejected
from deploytrail.kube.client import DEPLOYMENT_EVENTS, Kube, Object
from deploytrail.kube.conditions import accepted, refused
from deploytrail.kube.objects import from_object, is_record
from deploytrail.record.model import Deployment, Facts, Repeat, Report
from deploytrail.recorder import Recorder

log = structlog.get_logger()


class DeploymentEvents:
    """Told of every DeploymentEvent; level triggered, so nothing is lost by missing one change."""

    def __init__(self, recorder: Recorder, kube: Kube, *, home: str) -> None:
        self._recorder, self._kube, self._home = recorder, kube, home

    async def seen(self, event_type: str | None, obj: Object, at: datetime) -> None:
        """Report what was applied and write its status; nothing to do when the status is up to date."""
        metadata, status = obj["metadata"], obj.get("status", {})
        if event_type == "DELETED" or status.get("observedGeneration") == metadata["generation"]:
            return
        written = await self._judge(obj, at)
        await self._kube.patch_status(DEPLOYMENT_EVENTS, metadata["namespace"], metadata["name"], written)

    async def _judge(self, obj: Object, now: datetime) -> Object:
        try:
            deployment = from_object(obj, home=self._home)
            if not is_record(obj, home=self._home):
                deployment = await self._recorder.record(to_report(deployment), now=now)
        except Rejected as refusal:
            log.warning("resource_refused", name=obj["metadata"]["name"], reason=refusal.message)
            return refused(obj, refusal, now=now)
        return accepted(obj, deployment)


def to_report(deployment: Deployment) -> Report:
    """What an applied DeploymentEvent reports."""
    latest = max(deployment.tellings, key=lambda telling: (telling.status.rank, telling.at))
    return Report(
        id=deployment.id,
        telling=latest,
        facts=Facts(**{name: getattr(deployment, name) for name in Facts.model_fields}),
        started_at=deployment.started_at,
        finished_at=deployment.finished_at,
        settled_at=deployment.settled_at,
        counted=deployment.counted,
        reason=deployment.reason,
        repeat=Repeat.NEWEST,
        resource=deployment.resource,
    )
