"""Applications of a given size, and the changes that Argo CD makes to them all day. Pure."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.argocd.pace import text
from tests.argocd.shapes import SYNCED, Json, Setup, commit

NAMESPACE = "argocd"
IMAGES = ["ghcr.io/acme/bench:1.2.3"]
BORN = datetime(2026, 1, 1, tzinfo=UTC)

SERVER_ADDS = 1150
"""Bytes that the API server and a watch event add to what is written: managedFields, uid, versions, the envelope."""

LEAN_BELOW = 3500
"""An Application as Argo CD leaves it has about this many bytes; a smaller one is without results and history."""


def application(name: str, size: int) -> Json:
    """An Application that was synced long ago, of about ``size`` bytes in a watch event.

    It grows as real ones do: with the number of its resources, which are listed twice, once with their result.
    """
    setup = Setup(name, NAMESPACE, automated=False)
    made = setup.application()
    status = made["status"] = setup.settled(commit(name), IMAGES, text(BORN))
    if size < LEAN_BELOW:
        for part in ("history", "resources", "summary"):
            del status[part]
        del status["operationState"]["syncResult"], status["sync"]["comparedTo"]
        return made
    results = status["operationState"]["syncResult"]["resources"]
    missing, number = size - SERVER_ADDS - _bytes(made), 0
    while missing > 0:
        resource, result = _resource(number)
        status["resources"].append(resource)
        results.append(result)
        missing -= _bytes(resource) + _bytes(result) + 2
        number += 1
    return made


def compared(number: int) -> Json:
    """A comparison that found nothing, the most frequent change of all; another one for each number."""
    return {"status": {"reconciledAt": text(BORN + timedelta(seconds=number + 1))}}


def began(name: str, at: datetime) -> Json:
    """A person's sync begins: the request and the running operation, in one change."""
    operation = _operation(name, at)
    state = {"operation": operation, "phase": "Running", "startedAt": text(at), "finishedAt": None, "message": None}
    return {"operation": operation, "status": {"operationState": state}}


def ended(name: str, started_at: datetime, at: datetime) -> Json:
    """The same sync succeeds. What health makes of it is another event."""
    setup, operation = Setup(name, NAMESPACE, automated=False), _operation(name, started_at)
    entry = setup.history_entry(1, operation, text(started_at), text(at))
    result = setup.sync_result(operation, IMAGES)
    state = {"phase": "Succeeded", "message": SYNCED, "finishedAt": text(at), "syncResult": result}
    return {"operation": None, "status": {"operationState": state, "history": [entry], "reconciledAt": text(at)}}


def grown(name: str, size: int) -> Json:
    """The change that makes an Application one of another size."""
    return {"status": application(name, size)["status"]}


def _operation(name: str, at: datetime) -> Json:
    return Setup(name, NAMESPACE, automated=False).operation(commit(name + text(at)), "alice")


def _resource(number: int) -> tuple[Json, Json]:
    of = {"group": "apps", "kind": "Deployment", "name": f"part-{number:04}", "namespace": "production"}
    shown = {**of, "version": "v1", "status": "Synced", "health": {"status": "Healthy"}}
    said = f"deployment.apps/part-{number:04} unchanged"
    result = {**of, "version": "v1", "status": "Synced", "hookPhase": "Running", "syncPhase": "Sync", "message": said}
    return shown, result


def _bytes(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
