"""Argo CD's part, played by one object: what happens to one Application, in Argo CD's order, at any speed."""

from collections.abc import Sequence
from datetime import timedelta

from tests.argocd.applications import Applications
from tests.argocd.pace import Pace, text
from tests.argocd.shapes import SYNCED, Json, Setup
from tests.argocd.writes import Writes

Health = Sequence[tuple[str, float]]
"""Health statuses in their order, each with the seconds since the one before it."""

ROLLS_OUT: Health = (("Progressing", 0.1), ("Healthy", 8))
BREAKS: Health = (("Progressing", 0.1), ("Degraded", 20))
UNFINISHED: Health = (("Progressing", 0.1),)

DRY = "successfully synced (no more tasks)"
FAILED = "one or more synchronization tasks completed unsuccessfully, reason: {}"
FINALIZER = "resources-finalizer.argocd.argoproj.io"


class Player:
    """Plays what happens to one Application. ``by`` is a user's name, or None for Argo CD's own syncs."""

    def __init__(self, applications: Applications, setup: Setup | None = None, pace: Pace | None = None) -> None:
        self.setup = setup or Setup()
        self.pace = pace or Pace()
        self._applications = applications
        self._writes = Writes(applications, self.setup, self.pace)
        self._images: list[str] = []

    def create(self, revision: str | None = None, images: Sequence[str] = (), *, cascade: bool = False) -> None:
        """An Application that was synced a day ago and has been healthy since, or a new one without ``revision``.

        ``cascade`` gives it the finalizer that has its resources deleted with it.
        """
        application = self.setup.application()
        if cascade:
            application["metadata"]["finalizers"] = [FINALIZER]
        if revision is not None:
            yesterday = text(self.pace.clock() - timedelta(days=1))
            application["status"] = self.setup.settled(revision, images, yesterday)
        self._images = list(images)
        self._applications.create(application)

    def sync(
        self,
        revision: str,
        *,
        by: str | None = None,
        images: Sequence[str] = (),
        health: Health = ROLLS_OUT,
        fails: str | None = None,
        retries: int = 0,
        heals: bool = False,
    ) -> None:
        """A full sync and the health that follows it.

        ``fails`` is why the manifests cannot be applied, ``retries`` how many attempts fail before the last one, and
        ``heals`` adds the partial sync of the same commit that Argo CD often starts right after one of its own.
        """
        operation = self.setup.operation(revision, by, **({} if by is None else {"syncStrategy": {"hook": {}}}))
        if by is not None:
            self.push(revision)
            self.pace.wait(2)
        self.pace.fresh_second()
        self._writes.request(operation)
        if by is None:
            self.push(revision)
        self._operate(operation, images, fails=fails, retries=retries)
        if heals:
            self._heal(revision, images)
        if fails is not None:
            self._writes.compared(revision, "OutOfSync")
            if by is None:
                self._writes.warned(f"Failed last sync attempt to [{revision}]: {FAILED.format(fails)}")
            else:
                self.refresh()
        else:
            self._roll_out(revision, "Synced", images, health, asked=by is not None)

    def rollback(self, revision: str, *, by: str, images: Sequence[str] = (), health: Health = ROLLS_OUT) -> None:
        """Back to a commit from the history: the branch stays where it is, and the Application OutOfSync."""
        operation = self.setup.operation(revision, by, syncStrategy={"apply": {}})
        self.pace.fresh_second()
        self._writes.request(operation)
        self._operate(operation, images)
        self._roll_out(self._writes.status()["sync"]["revision"], "OutOfSync", images, health, asked=True)

    def dry_run(self, revision: str, *, by: str) -> None:
        """A rehearsal: it ends like a sync, without history and without a comparison."""
        self.push(revision)
        operation = self.setup.operation(revision, by, dryRun=True, syncStrategy={"hook": {}})
        self.pace.fresh_second()
        self._writes.request(operation)
        started_at = self._begin(operation)
        result = self.setup.sync_result(operation, self._images, failed=None)
        self._writes.ended(operation, "Succeeded", started_at, message=DRY, syncResult=result)

    def push(self, revision: str) -> None:
        """A comparison finds a new commit; nothing is deployed yet."""
        self._writes.compared(revision, "OutOfSync")

    def refresh(self) -> None:
        """A refresh that finds nothing, as the web page and the periodic comparison cause them all day."""
        self._writes.refresh_asked()
        self._writes.refreshed()

    def become(self, health: str) -> None:
        """The health changes for no reason of Argo CD's, as when a node is lost."""
        self._writes.became(health)

    def delete(self) -> None:
        """Delete the Application; with ``cascade`` its resources go first, visibly."""
        cascade = FINALIZER in self._applications.get(self.setup.name)["metadata"].get("finalizers", [])
        self._applications.delete(self.setup.name)
        if cascade:
            self._writes.became("Progressing")
            self.pace.wait(0.2)
            self._writes.became("Missing")
            self._writes.released()

    def _operate(self, operation: Json, images: Sequence[str], *, fails: str | None = None, retries: int = 0) -> None:
        started_at = self._begin(operation)
        tried: Json = {"retryCount": retries} if retries else {}
        for attempt in range(1, retries + 1):
            self._fail_once(operation, started_at, attempt)
        result = self.setup.sync_result(operation, images or self._images, failed=fails)
        if fails is not None:
            message = FAILED.format(fails)
            self._writes.ended(operation, "Failed", started_at, message=message, syncResult=result, **tried)
            return
        if "resources" not in operation["sync"]:
            self._writes.remembered(operation, started_at)
        self._writes.ended(operation, "Succeeded", started_at, message=SYNCED, syncResult=result, **tried)

    def _begin(self, operation: Json) -> str:
        started_at = self.pace.stamp()
        self._writes.running(operation, started_at)
        self.pace.wait(0.5)
        return started_at

    def _fail_once(self, operation: Json, started_at: str, attempt: int) -> None:
        """Between attempts the phase is Running and finishedAt is set; startedAt never moves."""
        waiting = f"{FAILED.format('connection refused')}. Retrying attempt #{attempt}"
        finished_at = self.pace.stamp()
        self._writes.running(operation, started_at, finishedAt=finished_at, retryCount=attempt, message=waiting)
        self.pace.wait(5 * 2**attempt)
        self._writes.running(
            operation, started_at, retryCount=attempt, message=f"Retrying operation. Attempt #{attempt}"
        )

    def _heal(self, revision: str, images: Sequence[str]) -> None:
        """The live state was stale, so Argo CD syncs once more what it has just applied, often in the same second."""
        deployment = {"group": "apps", "kind": "Deployment", "name": self.setup.name}
        operation = self.setup.operation(revision, None, autoHealAttemptsCount=1, resources=[deployment])
        self._writes.request(operation)
        self.push(revision)
        self._operate(operation, images)

    def _roll_out(self, head: str, sync: str, images: Sequence[str], health: Health, *, asked: bool) -> None:
        """What follows a sync: old and new images side by side until it is healthy. Who ``asked`` for it refreshes."""
        after = list(images) or self._images
        self._writes.compared(head, sync, [*after, *(image for image in self._images if image not in after)])
        if asked:
            self.refresh()
        for status, seconds in health:
            self.pace.wait(seconds)
            self._writes.became(status, after if status == "Healthy" else None)
        self._images = after
