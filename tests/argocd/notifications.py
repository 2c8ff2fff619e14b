"""What Argo CD Notifications would send of an Application, by the template that docs/argocd-notifications.md shows."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.build import program
from tests.controlplane.parts import TEMPLATE

PAGE = Path(__file__).parents[2] / "docs" / "argocd-notifications.md"
_WISH = "deploytrail.dev/"
_SOURCE = ("repoURL", "path", "chart", "ref", "targetRevision")


def config_map() -> dict[str, str]:
    """What stands in the page for argocd-notifications-cm."""
    [shown] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    data: dict[str, str] = yaml.safe_load(shown)["data"]
    return data


def render(obj: Mapping[str, Any], *, url: str = "") -> dict[str, Any]:
    """As the notifications engine does, with Go's own templates."""
    template = yaml.safe_load(config_map()["template.deploytrail"])["webhook"]["deploytrail"]
    given = {"template": template["body"], "values": {"app": obj, "context": {"argocdUrl": url}}}
    rendered = subprocess.run(
        [program(TEMPLATE)], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    document: dict[str, Any] = json.loads(rendered.stdout)
    return document


def notification(obj: Mapping[str, Any], *, url: str = "") -> dict[str, Any]:
    """The same without Go, for tests that need thousands."""
    metadata, spec, status = obj["metadata"], obj.get("spec", {}), obj.get("status", {})
    state = status.get("operationState") or {}
    operation, result = state.get("operation") or {}, state.get("syncResult") or {}
    wishes = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
    return {
        "argocdUrl": url,
        "metadata": {
            **{name: metadata[name] for name in ("name", "namespace", "uid")},
            "annotations": {name: value for name, value in wishes.items() if name.startswith(_WISH)},
        },
        "spec": {
            **_hydrated_from(spec.get("sourceHydrator")),
            "project": spec.get("project") or "",
            "destination": spec.get("destination") or {},
            "source": _pick(spec.get("source"), *_SOURCE),
            "sources": [_pick(source, *_SOURCE) for source in spec.get("sources") or []],
        },
        "status": {
            **_hydrations(status.get("sourceHydrator")),
            "controllerNamespace": status.get("controllerNamespace") or "",
            "reconciledAt": status.get("reconciledAt") or "",
            "health": _pick(status.get("health"), "status", "lastTransitionTime"),
            "sync": _pick(status.get("sync"), "status", "revision", "revisions"),
            "summary": _pick(status.get("summary"), "images"),
            "operationState": {
                **{name: state.get(name) or "" for name in ("phase", "startedAt", "finishedAt")},
                "message": (state.get("message") or "").encode()[:500].decode(errors="replace"),
                "retryCount": state.get("retryCount") or 0,
                "operation": {
                    "initiatedBy": operation.get("initiatedBy") or {},
                    "retry": _pick(operation.get("retry"), "limit"),
                    "sync": _pick(
                        operation.get("sync"), "revision", "revisions", "dryRun", "resources", "autoHealAttemptsCount"
                    ),
                },
                "syncResult": {
                    "revision": result.get("revision") or "",
                    "revisions": result.get("revisions") or [],
                    "source": _pick(result.get("source"), *_SOURCE),
                    "sources": [_pick(source, *_SOURCE) for source in result.get("sources") or []],
                },
            },
            "history": [
                _pick(entry, "id", "revision", "revisions", "deployedAt", "deployStartedAt", "initiatedBy")
                for entry in status.get("history") or []
            ],
        },
    }


def _hydrated_from(hydrator: Mapping[str, Any] | None) -> dict[str, Any]:
    if not hydrator:
        return {}
    return {"sourceHydrator": {"drySource": _pick(hydrator.get("drySource"), "repoURL", "path", "targetRevision")}}


def _hydrations(hydrator: Mapping[str, Any] | None) -> dict[str, Any]:
    if not hydrator:
        return {}
    names = ("lastSuccessfulOperation", "currentOperation")
    return {"sourceHydrator": {name: _pick(hydrator.get(name), "drySHA", "hydratedSHA") for name in names}}


def _pick(value: Mapping[str, Any] | None, *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if value is not None and name in value}
