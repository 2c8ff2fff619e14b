"""DeploymentEvents and BuildEvents: what people apply is reported, and every one gets its status."""

from datetime import datetime
from typing import Any

import structlog

from deploytrail.errors import Rejected
from deploytrail.kube import forms
from deploytrail.kube.client import Kube, Object
from deploytrail.kube.conditions import accepted, refused
from deploytrail.kube.forms import Form
from deploytrail.kube.objects import from_object, is_record
from deploytrail.kube.operator import Watch
from deploytrail.record.model import (
    AnyReport,
    Binding,
    Build,
    BuildFacts,
    BuildReport,
    Deployment,
    Facts,
    Record,
    Repeat,
    Report,
)
from deploytrail.record.version import MOVING
from deploytrail.recorder import Recorder

log = structlog.get_logger()


def watches(recorder: Recorder, kube: Kube, *, home: str) -> list[Watch]:
    """The kinds that people apply, and who is told of them."""
    return [Watch(form.kind, Applied(recorder, kube, form, home=home).seen) for form in (forms.DEPLOYMENT, forms.BUILD)]


class Applied:
    """Told of every object of one kind; level triggered, so nothing is lost by missing one change."""

    def __init__(self, recorder: Recorder, kube: Kube, form: Form[Any], *, home: str) -> None:
        self._recorder, self._kube, self._form, self._home = recorder, kube, form, home

    async def seen(self, event_type: str | None, obj: Object, at: datetime) -> None:
        """Report what was applied and write its status; nothing to do when the status is up to date."""
        metadata, status = obj["metadata"], obj.get("status", {})
        if event_type == "DELETED" or status.get("observedGeneration") == metadata["generation"]:
            return
        written = await self._judge(obj, at)
        await self._kube.patch_status(self._form.kind, metadata["namespace"], metadata["name"], written)

    async def _judge(self, obj: Object, now: datetime) -> Object:
        try:
            record = from_object(obj, self._form, home=self._home)
            if not is_record(obj, self._form, home=self._home):
                record = await self._recorder.record(to_report(record), now=now)
        except Rejected as refusal:
            log.warning("resource_refused", name=obj["metadata"]["name"], reason=refusal.message)
            return refused(obj, refusal, now=now)
        return accepted(obj, record)


def to_report(record: Record) -> AnyReport[Any]:
    """What an applied object reports. Another commit than the version has is a mistake, unless the version moves."""
    said: dict[str, Any] = {
        "id": record.id,
        "telling": max(record.tellings, key=lambda telling: (telling.status.rank, telling.at)),
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "reason": record.reason,
        "repeat": Repeat.NEWEST,
        "binding": Binding.NONE if getattr(record, "version", None) in MOVING else Binding.STRICT,
        "resource": record.resource,
    }
    match record:
        case Deployment(settled_at=settled_at, counted=counted):
            return Report(facts=_facts(Facts, record), settled_at=settled_at, counted=counted, **said)
        case Build():
            return BuildReport(facts=_facts(BuildFacts, record), **said)
        case _:
            raise AssertionError(f"nobody applies {type(record).__name__}")


def _facts(facts: type[Any], record: Record) -> Any:
    return facts(**{name: getattr(record, name) for name in facts.model_fields})
