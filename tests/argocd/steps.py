"""One automated sync, a step at a time, for plays in which something happens in between."""

import math
from collections.abc import Mapping

from tests.argocd.applications import Applications
from tests.argocd.controller import Player
from tests.argocd.pace import Pace
from tests.argocd.scenarios import image, revision
from tests.argocd.shapes import SYNCED, Json, Setup
from tests.argocd.writes import Writes

PACE = Pace(speed=math.inf)


class Steps:
    """An Application whose version 1 was synced yesterday, and what is done with it now."""

    def __init__(self, applications: Applications, setup: Setup, annotations: Mapping[str, str] | None = None) -> None:
        self.setup = setup
        self._applications = applications
        self._player = Player(applications, setup, PACE)
        self._writes = Writes(applications, setup, PACE)
        self._operation: Json = {}
        self._started_at = ""
        self._version = 1
        self._player.create(revision(setup, 1), [image(setup, 1)])
        if annotations:
            applications.patch(setup.name, {"metadata": {"annotations": dict(annotations)}})

    def begin(self, version: int) -> None:
        """The sync of that version runs. Not in the same second as the one before it."""
        if self._operation:
            PACE.fresh_second()
        self._version = version
        self._operation = self.setup.operation(revision(self.setup, version), None)
        self._writes.request(self._operation)
        self._started_at = PACE.stamp()
        self._writes.running(self._operation, self._started_at)

    def succeed(self) -> None:
        """It succeeds, is in the history, and was compared; the health is what it was."""
        images = [image(self.setup, self._version)]
        result = self.setup.sync_result(self._operation, images)
        self._writes.remembered(self._operation, self._started_at)
        self._writes.ended(self._operation, "Succeeded", self._started_at, message=SYNCED, syncResult=result)
        self._writes.compared(revision(self.setup, self._version), "Synced", images)

    def become(self, *health: str) -> None:
        """These health statuses, one after the other."""
        for each in health:
            self._writes.became(each)

    def deploy(self, version: int) -> None:
        """A whole sync that rolls out at once."""
        self.begin(version)
        self.succeed()
        self.become("Progressing", "Healthy")

    def forget(self, kept: int) -> None:
        """The history is cut to the newest so many."""
        history = self._writes.status()["history"]
        self._applications.patch(self.setup.name, {"status": {"history": history[-kept:]}})

    def delete(self) -> None:
        """The Application is gone at once."""
        self._applications.delete(self.setup.name)
