"""What of an operation is kept with its record, and back again after a restart.

Everything stands under one key of the record's metadata, in JSON's own types. What the record says by itself (times,
names, commit, trigger) is not repeated there.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deploytrail.record.model import Deployment
from deploytrail.record.rollout.snapshot import (
    UNTUNED,
    Application,
    AppSource,
    Dry,
    Hydration,
    Subject,
    SyncResult,
    Tuning,
)
from deploytrail.record.rollout.state import Key, Known, Operation, Rollout
from deploytrail.record.rollout.step import Finding

KEY = "argocd"
DUSK = datetime.max.replace(tzinfo=UTC)


def write(finding: Finding) -> dict[str, Any]:
    """What a restart needs, and what a reader may want to know; absent things are left out."""
    operation, result, tuning = finding.operation, finding.operation.result, finding.tuning
    memo = {
        "phase": operation.phase,
        "heals": operation.key.heals,
        "shownHeals": operation.shown if operation.shown != operation.key.heals else None,
        "partial": operation.partial,
        "renews": operation.renews,
        "overFinished": operation.over_finished,
        "terminated": operation.terminated,
        "retries": operation.retries,
        "retryLimit": operation.retry_limit,
        "message": operation.message,
        "requested": list(operation.requested),
        "hydrations": [list(each) for each in operation.hydrations] if operation.running else None,
        "sources": [_write_source(source) for source in result.sources],
        "failedHook": result.failed_hook,
        "dryRepository": result.dry.repo_url if result.dry else None,
        "settleSeconds": _seconds(tuning.settle),
        "deadlineSeconds": _seconds(tuning.deadline),
    }
    known = {"historyId": finding.history_id} if finding.history_id is not None else {}
    return {name: value for name, value in memo.items() if value} | known


def resume(uid: str, deployments: Sequence[Deployment]) -> Rollout:
    """The Application as its records tell it, not yet seen by this process."""
    ours = [item for item in deployments if item.started_at is not None and _is_of(item, uid)]
    ours.sort(key=lambda item: (item.started_at or DUSK, _memo(item).get("heals", 0)))
    if not ours:
        return Rollout(uid)
    rollouts = [(item, _read(item)) for item in ours]
    succeeded = [operation for _, operation in rollouts if operation.shows_deployed and operation.phase == "Succeeded"]
    newest = next((operation for operation in reversed(succeeded) if operation.result.revisions), None)
    return Rollout(
        uid=uid,
        application=_application(ours[-1], uid),
        tuning=_tuning(_memo(ours[-1])),
        operations=tuple(operation for item, operation in rollouts if not item.status.terminal),
        known=tuple(Known(operation.key, operation.shown, operation.enters) for _, operation in rollouts),
        horizon=rollouts[0][1].key.started_at,
        history_id=next((known for item in reversed(ours) if (known := _history_id(item)) is not None), None),
        deployed=newest.result.revisions if newest else (),
        deployed_at=newest.key.started_at if newest else None,
    )


def result(deployment: Deployment) -> SyncResult:
    """What was deployed, as Argo CD names it."""
    memo, application = _memo(deployment), deployment.application
    dry, sources = memo.get("dryRepository"), memo.get("sources") or ()
    return SyncResult(
        revisions=application.revisions if application else (),
        sources=tuple(_read_source(source) for source in sources if isinstance(source, Mapping)),
        images=deployment.images,
        failed_hook=memo.get("failedHook"),
        dry=Dry(dry, deployment.commit) if dry else None,
    )


def retries(deployment: Deployment) -> int:
    """How often Argo CD tried again."""
    return int(_memo(deployment).get("retries", 0))


def partial(deployment: Deployment) -> bool:
    """Whether only some resources were synced; the record itself says no of a self-heal that tells what runs now."""
    return bool(_memo(deployment).get("partial", deployment.partial))


def _is_of(deployment: Deployment, uid: str) -> bool:
    return deployment.application is not None and deployment.application.uid == uid


def _memo(deployment: Deployment) -> Mapping[str, Any]:
    found = deployment.metadata.get(KEY)
    return found if isinstance(found, Mapping) else {}


def _read(deployment: Deployment) -> Operation:
    memo, application = _memo(deployment), deployment.application
    started_at, heals = deployment.started_at or DUSK, int(memo.get("heals", 0))
    selected = partial(deployment)
    finished = deployment.finished_at is not None and not deployment.status.terminal
    return Operation(
        key=Key(started_at, heals),
        shown=int(memo.get("shownHeals", heals)),
        enters=not (heals and selected),
        subject=Subject(
            deployment.product, deployment.environment, deployment.version, deployment.metadata.get("team")
        ),
        trigger=deployment.trigger,
        deployed_by=deployment.deployed_by,
        partial=selected,
        renews=bool(memo.get("renews")),
        over_finished=bool(memo.get("overFinished")),
        phase="Succeeded" if finished else str(memo.get("phase", "Running")),
        terminated=bool(memo.get("terminated")),
        retries=int(memo.get("retries", 0)),
        retry_limit=int(memo.get("retryLimit", 0)),
        message=str(memo.get("message", "")),
        requested=tuple(memo.get("requested", ())),
        hydrations=tuple(Hydration(*each) for each in memo.get("hydrations", ())),
        finished_at=deployment.finished_at,
        ended_seen_at=deployment.updated_at,
        result=result(deployment),
        history_id=application.history_id if application else None,
    )


def _history_id(deployment: Deployment) -> int | None:
    """How far the ids had come; the newest record says it, for they begin anew where history was wiped."""
    application = deployment.application
    known = _memo(deployment).get("historyId")
    return known if isinstance(known, int) or application is None else application.history_id


def _application(deployment: Deployment, uid: str) -> Application | None:
    found = deployment.application
    return Application(found.namespace, found.name, uid, found.instance) if found else None


def _tuning(memo: Mapping[str, Any]) -> Tuning:
    settle, deadline = memo.get("settleSeconds"), memo.get("deadlineSeconds")
    if settle is None and deadline is None:
        return UNTUNED
    return Tuning(
        settle=timedelta(seconds=settle) if settle is not None else None,
        deadline=timedelta(seconds=deadline) if deadline is not None else None,
    )


def _seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None


def _write_source(source: AppSource) -> dict[str, str]:
    named = {
        "repoURL": source.repo_url,
        "path": source.path,
        "chart": source.chart,
        "ref": source.ref,
        "targetRevision": source.target,
    }
    return {name: value for name, value in named.items() if value}


def _read_source(source: Mapping[str, Any]) -> AppSource:
    return AppSource(
        repo_url=source.get("repoURL", ""),
        path=source.get("path"),
        chart=source.get("chart"),
        ref=source.get("ref"),
        target=source.get("targetRevision"),
    )
