"""An Application's story, told in seconds since T0: what it says when, and what the tracker finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deploytrail.record.model import Status
from deploytrail.record.rollout import Finding, Gap, Policy, Rollout, Snapshot, Step, lose, observe, tick
from deploytrail.record.rollout.snapshot import (
    Application,
    AppSource,
    Entry,
    Request,
    State,
    Subject,
    SyncResult,
)
from deploytrail.record.rollout.state import Key

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OLD, CURRENT, NEW, NEWER = ("a" * 40,), ("b" * 40,), ("c" * 40,), ("d" * 40,)
SOURCE = AppSource("https://git.example.com/acme/shop.git", path="prod", target="main")
AUTOMATED = Request(automated=True, revisions=NEW)
ALICE = Request(username="alice", revisions=NEW)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def result(revisions: tuple[str, ...], **more: Any) -> Callable[[], SyncResult]:
    made = SyncResult(revisions=revisions, sources=(SOURCE,), **more)
    return lambda: made


def entry(number: int, started: float, revisions: tuple[str, ...], *, ended: float | None = None, **by: Any) -> Entry:
    return Entry(
        id=number,
        started_at=at(started),
        deployed_at=at(started + 1 if ended is None else ended),
        revisions=revisions,
        username=by.get("username"),
        automated=by.get("automated", not by),
        result=result(revisions),
    )


def state(
    phase: str,
    started: float,
    finished: float | None = None,
    *,
    request: Request = AUTOMATED,
    message: str = "",
    retries: int = 0,
    revisions: tuple[str, ...] | None = None,
    **more: Any,
) -> State:
    return State(
        phase=phase,
        started_at=at(started),
        finished_at=None if finished is None else at(finished),
        request=request,
        message=message,
        retries=retries,
        result=result(request.revisions if revisions is None else revisions, **more),
    )


APPLICATION = Snapshot(
    application=Application("argocd", "web", "uid-1", "argocd"),
    subject=Subject("web", "production"),
    state=state("Succeeded", -3600, -3599, request=Request(automated=True, revisions=CURRENT)),
    reconciled_at=at(-60),
    health="Healthy",
    health_changed_at=at(-3590),
    sync_status="Synced",
    sync_revisions=CURRENT,
    history=(entry(4, -7200, OLD), entry(5, -3600, CURRENT)),
)
"""Deployed an hour ago and healthy since."""


class Story:
    """Every event goes through the tracker; timers fire in between, as they would."""

    def __init__(
        self,
        first: Snapshot | None = APPLICATION,
        *,
        policy: Policy | None = None,
        watching_since: datetime | None = None,
        rollout: Rollout | None = None,
    ) -> None:
        self.policy, self.watching_since = policy or Policy(), watching_since
        self.rollout: Rollout | None = None
        self.wake_at: datetime | None = None
        self.findings: list[Finding] = []
        self.gaps: list[Gap] = []
        self.snapshot = first or APPLICATION
        if rollout is not None:
            self._take(tick(rollout, T0, self.policy))
        if first is not None:
            self.see(-30)

    def see(self, seconds: float, **changes: Any) -> "Story":
        """The Application changes; health brings its transition time along, unless told otherwise."""
        self.wait_until(seconds)
        if changes.get("health", self.snapshot.health) != self.snapshot.health:
            changes.setdefault("health_changed_at", at(int(seconds)))
        changes.setdefault("generation", self.snapshot.generation + 1)
        self.snapshot = replace(self.snapshot, **changes)
        self._take(observe(self.rollout, self.snapshot, at(seconds), self.policy, watching_since=self.watching_since))
        return self

    def wait_until(self, seconds: float) -> "Story":
        while self.rollout is not None and self.wake_at is not None and self.wake_at <= at(seconds):
            self._take(tick(self.rollout, self.wake_at, self.policy))
        return self

    def rest(self) -> "Story":
        """Nothing happens any more."""
        return self.wait_until(10 * 24 * 3600)

    def lose(self, seconds: float) -> "Story":
        assert self.rollout is not None
        self._take(lose(self.rollout, at(seconds), self.policy))
        return self

    def start(self, seconds: float, request: Request = AUTOMATED, **changes: Any) -> "Story":
        """A normal operation: the request wipes operationState, then it runs."""
        self.see(seconds, request=request, state=None, **changes)
        return self.see(seconds + 0.1, state=state("Running", int(seconds), request=request, revisions=()))

    def succeed(self, seconds: float, *, history: bool = True, **more: Any) -> "Story":
        """Its end; a full one gets its history entry first."""
        running = self.snapshot.state
        assert running is not None
        assert running.started_at is not None
        started, request = (running.started_at - T0).total_seconds(), self.snapshot.request or running.request
        revisions = more.pop("revisions", request.revisions)
        if history and not (request.resources or request.dry_run):
            number = self.snapshot.history[-1].id + 1 if self.snapshot.history else 0
            by = {"username": request.username, "automated": request.automated}
            new = entry(number, started, revisions, ended=int(seconds), **by)
            self.see(seconds - 0.01, history=(*self.snapshot.history, new)[-10:])
        ended = state("Succeeded", started, int(seconds), request=running.request, revisions=revisions, **more)
        return self.see(seconds, request=None, state=ended)

    def fail(self, seconds: float, phase: str = "Failed", **more: Any) -> "Story":
        running = self.snapshot.state
        assert running is not None
        assert running.started_at is not None
        started = (running.started_at - T0).total_seconds()
        return self.see(seconds, request=None, state=state(phase, started, int(seconds), **more))

    def compare(self, seconds: float, **changes: Any) -> "Story":
        """A refresh: reconciledAt moves."""
        return self.see(seconds, reconciled_at=at(int(seconds)), **changes)

    @property
    def records(self) -> dict[Key, Finding]:
        """The last finding of every operation: what its record shows."""
        return {finding.operation.key: finding for finding in self.findings}

    @property
    def only(self) -> Finding:
        """The one record there is."""
        (found,) = self.records.values()
        return found

    @property
    def statuses(self) -> list[Status]:
        """Of all records, by their start."""
        return [self.records[key].status for key in sorted(self.records)]

    def _take(self, step: Step) -> None:
        self.rollout, self.wake_at = step.rollout, step.wake_at
        for found in step.findings:
            if isinstance(found, Gap):
                self.gaps.append(found)
            else:
                self.findings.append(found)
