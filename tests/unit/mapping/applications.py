"""Application objects for tests, as the API server gives them, with everything replaceable."""

from copy import deepcopy
from typing import Any

COMMIT, OTHER = "c" * 40, "d" * 40
SOURCE = {"repoURL": "https://git.example.com/acme/shop.git", "path": "prod", "targetRevision": "main"}

_OBJECT: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "web", "namespace": "argocd", "uid": "uid-1", "generation": 7},
    "spec": {
        "project": "shop",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "web-prod"},
        "source": SOURCE,
    },
    "status": {
        "controllerNamespace": "argocd",
        "reconciledAt": "2026-03-02T09:00:03Z",
        "health": {"status": "Healthy", "lastTransitionTime": "2026-03-02T09:00:02Z"},
        "sync": {"status": "Synced", "revision": COMMIT},
        "summary": {"images": ["registry.example.com/shop/web:1.2.3"]},
        "operationState": {
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "startedAt": "2026-03-02T09:00:00Z",
            "finishedAt": "2026-03-02T09:00:01Z",
            "operation": {"initiatedBy": {"automated": True}, "sync": {"revision": COMMIT, "source": SOURCE}},
            "syncResult": {"revision": COMMIT, "source": SOURCE, "resources": []},
        },
        "history": [],
    },
}


def application(**changes: Any) -> dict[str, Any]:
    """The object with parts replaced: ``status__health={}`` for ``status.health``; None takes the part away."""
    obj = deepcopy(_OBJECT)
    for path, value in changes.items():
        *parents, name = path.split("__")
        inner = obj
        for parent in parents:
            inner = inner.setdefault(parent, {})
        if value is None:
            inner.pop(name, None)
        else:
            inner[name] = value
    return obj
