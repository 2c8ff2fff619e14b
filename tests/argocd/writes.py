"""Every write that Argo CD makes on an Application, one function each."""

from typing import Any

from tests.argocd.applications import Applications
from tests.argocd.pace import Pace
from tests.argocd.shapes import Json, Setup

REFRESH = "argocd.argoproj.io/refresh"


class Writes:
    """The writes on one Application. Each makes one watch event, unless it changes nothing."""

    def __init__(self, applications: Applications, setup: Setup, pace: Pace) -> None:
        self.applications = applications
        self.setup = setup
        self.pace = pace

    def request(self, operation: Json) -> None:
        """The PUT with which an operation begins: the verdict on the one before is gone from here on.

        On a new Application it brings empty strings and maps where one expects nothing.
        """
        application = self.applications.get(self.setup.name)
        unknown = {"health": {}, "sourceHydrator": {}, "summary": {}, "sync": {"status": ""}}
        application.setdefault("status", unknown).pop("operationState", None)
        self.applications.replace(application | {"operation": operation})

    def running(self, operation: Json, started_at: str, **known: Any) -> None:
        """The operation is under way; ``known`` is what else is known of it by now."""
        self._state(operation, "Running", started_at, {"finishedAt": None, **known})

    def ended(self, operation: Json, phase: str, started_at: str, **known: Any) -> None:
        """The terminal phase, and in the same patch ``operation`` goes."""
        self._state(operation, phase, started_at, {"finishedAt": self.pace.stamp(), **known}, {"operation": None})

    def remembered(self, operation: Json, started_at: str) -> None:
        """One more entry of the history, of which the last ten are kept."""
        history = self.status().get("history", [])
        number = history[-1]["id"] + 1 if history else 0
        entry = self.setup.history_entry(number, operation, started_at, self.pace.stamp())
        self._patch({"status": {"history": [*history, entry][-10:]}})

    def compared(self, revision: str, sync: str, images: list[str] | None = None) -> None:
        """A comparison with the head of the branch, and what came out."""
        found: Json = {
            "controllerNamespace": self.setup.namespace,
            "reconciledAt": self.pace.stamp(),
            "resources": self.setup.resources(sync),
            "sync": self.setup.compared(revision, sync),
        }
        if sync == "Synced":
            found["conditions"] = None
        if images is not None:
            found["summary"] = {"images": images}
        self._patch({"status": found})

    def warned(self, message: str) -> None:
        """The condition that says an automated sync of this commit is not tried again."""
        condition = {"type": "SyncError", "message": message, "lastTransitionTime": self.pace.stamp()}
        self._patch({"status": {"conditions": [condition]}})

    def became(self, health: str, images: list[str] | None = None) -> None:
        """The health changed: neither reconciledAt nor, when the value stays, lastTransitionTime moves."""
        change: Json = {}
        if self.status().get("health", {}).get("status") != health:
            change["health"] = {"lastTransitionTime": self.pace.stamp(), "status": health}
        if images is not None:
            change["summary"] = {"images": images}
        self._patch({"status": change})

    def refresh_asked(self) -> None:
        """Somebody wants a comparison."""
        self._patch({"metadata": {"annotations": {REFRESH: "normal"}}})

    def refreshed(self) -> None:
        """The comparison was made, and nothing was found."""
        self._patch({"metadata": {"annotations": {REFRESH: None}}, "status": {"reconciledAt": self.pace.stamp()}})

    def released(self) -> None:
        """No finalizer is left."""
        self._patch({"metadata": {"finalizers": None}})

    def status(self) -> Json:
        """The status as it is now."""
        return dict(self.applications.get(self.setup.name).get("status", {}))

    def _state(self, operation: Json, phase: str, started_at: str, known: Json, more: Json | None = None) -> None:
        state = {"operation": operation, "phase": phase, "startedAt": started_at, **known}
        self._patch({"status": {"operationState": state}, **(more or {})})

    def _patch(self, change: Json) -> None:
        self.applications.patch(self.setup.name, change)
