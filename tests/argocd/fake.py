"""Applications in memory, and what a watch on them would have seen."""

import copy
import uuid
from collections.abc import Callable
from typing import Any

from tests.argocd.applications import Application, Missing
from tests.argocd.pace import now, text


class FakeApplications:
    """The port without an API server: a write that changes nothing makes no event, and finalizers hold a deletion."""

    def __init__(self, clock: Callable[[], Any] = now) -> None:
        self.events: list[dict[str, Any]] = []
        self._clock = clock
        self._stored: dict[str, Application] = {}
        self._version = 0

    @property
    def objects(self) -> list[Application]:
        """The Application after each event."""
        return [event["object"] for event in self.events]

    def get(self, name: str) -> Application:
        if name not in self._stored:
            raise Missing(name)
        return copy.deepcopy(self._stored[name])

    def create(self, application: Application) -> Application:
        name = application["metadata"]["name"]
        assert name not in self._stored, f"{name} exists"
        stored = copy.deepcopy(application)
        stored["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": text(self._clock())}
        return self._store("ADDED", stored)

    def replace(self, application: Application) -> Application:
        before = self.get(application["metadata"]["name"])["metadata"]
        assert application["metadata"]["resourceVersion"] == before["resourceVersion"], "not the newest"
        after = copy.deepcopy(application)
        kept = ("uid", "creationTimestamp", "deletionTimestamp")
        after["metadata"] |= {key: before[key] for key in kept if key in before}
        return self._update(after)

    def patch(self, name: str, change: dict[str, Any]) -> Application:
        return self._update(merge(self.get(name), change))

    def delete(self, name: str) -> None:
        stored = self.get(name)
        if stored["metadata"].get("finalizers"):
            stored["metadata"]["deletionTimestamp"] = text(self._clock())
            self._update(stored)
        else:
            self._store("DELETED", stored)

    def _update(self, after: Application) -> Application:
        before = self._stored[after["metadata"]["name"]]
        if after == before:
            return copy.deepcopy(before)
        gone = "deletionTimestamp" in after["metadata"] and not after["metadata"].get("finalizers")
        return self._store("DELETED" if gone else "MODIFIED", after)

    def _store(self, kind: str, application: Application) -> Application:
        self._version += 1
        application["metadata"]["resourceVersion"] = str(self._version)
        self._stored[application["metadata"]["name"]] = application
        if kind == "DELETED":
            del self._stored[application["metadata"]["name"]]
        observed_at = self._clock().isoformat().replace("+00:00", "Z")
        self.events.append({"type": kind, "observedAt": observed_at, "object": copy.deepcopy(application)})
        return copy.deepcopy(application)


def merge(target: Any, change: Any) -> Any:
    """RFC 7386."""
    if not isinstance(change, dict):
        return change
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
