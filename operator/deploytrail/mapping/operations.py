"""Argo CD's operations: the request, its state, its result, and history, in the tracker's words."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from deploytrail.mapping.lenient import instant, part, parts, text, texts, whole
from deploytrail.mapping.repositories import strip_location, strip_secrets
from deploytrail.record.rollout.snapshot import AppSource, Dry, Entry, Hydration, Request, State, SyncResult

LONGEST_MESSAGE = 500
"""Characters kept of a message: it may hold whole manifests."""

LONGEST_NAME = 512
"""Characters kept of a user name."""

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_commit(revision: str | None) -> bool:
    """Whether it is a full git hash: charts, digests, branches and abbreviations are not."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def read_request(operation: Mapping[str, Any]) -> Request:
    """Top-level ``operation``, or the copy of it in operationState."""
    sync, by = part(operation, "sync"), part(operation, "initiatedBy")
    resources, manifests = sync.get("resources"), sync.get("manifests")
    return Request(
        username=_user(by),
        automated=by.get("automated") is True,
        revisions=_revisions(sync),
        resources=len(resources) if isinstance(resources, list) else 0,
        manifests=bool(manifests) and isinstance(manifests, list),
        dry_run=sync.get("dryRun") is True,
        heals=max(whole(sync.get("autoHealAttemptsCount")), 0),
        retry_limit=whole(part(operation, "retry").get("limit")),
    )


def read_state(state: Mapping[str, Any], obj: Mapping[str, Any]) -> State:
    """operationState; ``obj`` is the Application around it."""
    operation = part(state, "operation")
    return State(
        phase=text(state.get("phase")) or "",
        started_at=instant(state.get("startedAt")),
        finished_at=instant(state.get("finishedAt")),
        request=read_request(operation),
        message=_message(text(state.get("message")) or ""),
        retries=max(whole(state.get("retryCount")), 0),
        result=partial(_read_result, part(state, "syncResult"), part(operation, "sync"), obj),
    )


def read_hydrations(hydrator: Mapping[str, Any]) -> tuple[Hydration, ...]:
    """What ``status.sourceHydrator`` tells of finished hydrations."""
    found = []
    for name in ("lastSuccessfulOperation", "currentOperation"):
        hydration = part(hydrator, name)
        dry, hydrated = text(hydration.get("drySHA")), text(hydration.get("hydratedSHA"))
        if dry is not None and hydrated is not None and is_commit(dry):
            found.append(Hydration(hydrated, dry))
    return tuple(dict.fromkeys(found))


def read_history(history: object, obj: Mapping[str, Any]) -> tuple[Entry, ...]:
    """History, oldest first. An entry without both times cannot be told apart from others and is left out."""
    entries = []
    for raw in parts(history):
        started_at, deployed_at = instant(raw.get("deployStartedAt")), instant(raw.get("deployedAt"))
        if started_at is None or deployed_at is None:
            continue
        by = part(raw, "initiatedBy")
        entry = Entry(
            id=whole(raw.get("id")),
            started_at=started_at,
            deployed_at=max(deployed_at, started_at),
            revisions=_revisions(raw),
            username=_user(by),
            automated=by.get("automated") is True,
            result=partial(_read_result, raw, part(None), obj),
        )
        entries.append(entry)
    return tuple(sorted(entries, key=lambda entry: entry.started_at))


def _read_result(result: Mapping[str, Any], sync: Mapping[str, Any], obj: Mapping[str, Any]) -> SyncResult:
    spec, revisions = part(obj, "spec"), _revisions(result)
    resources = parts(result.get("resources"))
    return SyncResult(
        revisions=revisions,
        sources=_sources(result) or _sources(sync) or _sources(spec),
        images=tuple(
            dict.fromkeys(image for resource in resources for image in texts(resource.get("images")) if image)
        ),
        failed_hook=next((hook for hook in map(_failed_hook, resources) if hook), None),
        dry=_dry(obj),
    ).rendered(read_hydrations(part(obj, "status", "sourceHydrator")))


def _message(said: str) -> str:
    """Cut after it was cleaned: half a URL no longer shows where its password ends."""
    return strip_secrets(said[: LONGEST_MESSAGE * 20])[:LONGEST_MESSAGE]


def _user(initiated_by: Mapping[str, Any]) -> str | None:
    name = text(initiated_by.get("username"))
    return name[:LONGEST_NAME] if name else None


def _revisions(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Several sources have ``revisions``; then ``revision`` is there, too, and empty."""
    revisions = texts(value.get("revisions")) or texts([value.get("revision")])
    return revisions if any(revisions) else ()


def _sources(value: Mapping[str, Any]) -> tuple[AppSource, ...]:
    """Several sources win over one; an absent one is written as ``{repoURL: ""}``."""
    found = parts(value.get("sources")) or [part(value, "source")]
    sources = tuple(
        AppSource(
            repo_url=strip_location(text(source.get("repoURL")) or ""),
            path=text(source.get("path")),
            chart=text(source.get("chart")),
            ref=text(source.get("ref")),
            target=text(source.get("targetRevision")),
        )
        for source in found
    )
    return sources if any(source.repo_url for source in sources) else ()


def _failed_hook(resource: Mapping[str, Any]) -> str | None:
    hook = text(resource.get("hookType"))
    if hook is None or resource.get("hookPhase") not in ("Failed", "Error"):
        return None
    kind = "/".join(name for name in (text(resource.get("group")), text(resource.get("kind"))) if name)
    return f"{text(resource.get('syncPhase')) or hook} hook {kind}/{text(resource.get('name'))}"


def _dry(obj: Mapping[str, Any]) -> Dry | None:
    """With the source hydrator the deployed commit is a rendered one; the author's is the dry one, if they match."""
    repo_url = text(part(obj, "spec", "sourceHydrator", "drySource").get("repoURL"))
    return Dry(strip_location(repo_url)) if repo_url is not None else None
