"""Lives of an Application nobody recorded: any order of what Argo CD and people do with it, and what was true of it.

The writes are those of argo-cd 3.5: a request wipes operationState unless it is written directly, then merge patches,
history before the end, ``operation`` gone together with the terminal phase.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from deploytrail.mapping.recording import Event
from deploytrail.record.instant import to_rfc3339
from tests.argocd.fake import merge
from tests.argocd.shapes import SYNCED, Json, Setup, commit

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BY = {"automated": {"automated": True}, "alice": {"username": "alice"}, "nobody": {}}
ENDS = {
    "Succeeded": ("Succeeded", SYNCED),
    "Failed": ("Failed", "one or more objects failed to apply"),
    "Error": ("Error", "ComparisonError: timeout"),
    "Terminated": ("Failed", "Operation terminated"),
}
HEALTH = st.lists(
    st.tuples(st.sampled_from(["Progressing", "Healthy", "Degraded", "Suspended", "Missing"]), st.integers(0, 90)),
    max_size=3,
)


@dataclass(frozen=True, slots=True)
class Truth:
    """One operation as it really was."""

    uid: str
    started_at: datetime
    heals: int
    kind: str
    by: str
    direct: bool
    end: str | None
    """As in ENDS; None: nobody saw it end."""
    brings: bool = False
    """A self-heal that brought what was not deployed before."""


@dataclass
class Life:
    """Plays it, event by event."""

    limit: int = 10
    events: list[Event] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    now: datetime = NOON
    version: int = 1
    deployed: str | None = None
    lives: int = 0
    obj: Json = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup)

    def create(self, *, deployed: bool) -> None:
        self.lives += 1
        self.deployed = commit("1") if deployed else None
        self.obj = self.setup.application()
        created_at = to_rfc3339(self.now - timedelta(days=deployed))
        self.obj["metadata"] |= {"uid": f"uid-{self.lives}", "creationTimestamp": created_at, "generation": 1}
        self.obj["status"] = {"health": {}, "sync": {"status": ""}, "summary": {}}
        if deployed:
            self.obj["status"] = self.setup.settled(commit("1"), ["web:1"], created_at)
            del self.obj["status"]["history"][: 0 if self.limit else 1]
        self._emit("ADDED")

    @property
    def status(self) -> Json:
        return self.obj["status"]  # type: ignore[no-any-return]

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def operate(
        self,
        kind: str,
        end: str = "Succeeded",
        *,
        by: str = "automated",
        back: bool = False,
        retries: int = 0,
        direct: bool = False,
        killed: bool = False,
        same_second: bool = False,
    ) -> None:
        """``kind``: full, selective, dry, heal (of some resources), heal all."""
        if not same_second:
            self.now = self.now.replace(microsecond=0) + timedelta(seconds=1.1)
        operation = self._request(kind, by, back=back, direct=direct)
        if not direct:
            self.status.pop("operationState", None)
        self.obj["operation"] = operation
        self._emit()
        self.wait(0.01 if same_second else 0.1)
        started_at = self.now.replace(microsecond=0)
        self._state(operation, "Running", startedAt=to_rfc3339(started_at), finishedAt=None)
        for attempt in range(1, retries + 1):
            self.wait(1)
            self._state(operation, "Running", finishedAt=self._stamp(), retryCount=attempt, message="Retrying")
            self.wait(5 * 2**attempt)
            self._state(operation, "Running", finishedAt=None, retryCount=attempt, message="Retrying operation.")
        heals = operation["sync"].get("autoHealAttemptsCount", 0)
        uid = self.obj["metadata"]["uid"]
        quick, end = end == "At once", "Succeeded" if end == "At once" else end
        phase, message = ENDS[end]
        self.wait(0.02 if same_second or quick else 2)
        if end == "Terminated":
            self._state(operation, "Terminating", message="operation is terminating")
            self.wait(1)
        entered = phase == "Succeeded" and kind in ("full", "heal all")
        for _ in range(1 + killed if entered else 0):
            self._enter(operation, started_at)
        self.obj.pop("operation")
        revision = self._revision(operation, back=back)
        brings = heals > 0 and self.deployed is not None and revision != self.deployed
        if phase == "Succeeded" and (kind == "full" or heals):
            self.deployed = revision
        result = {"revision": revision, "source": self.setup.source}
        self._state(operation, phase, finishedAt=self._stamp(), message=message, syncResult=result)
        self.truths.append(Truth(uid, started_at, heals, kind, by, direct, end, brings))
        if kind != "dry":
            self.compare("Synced" if phase == "Succeeded" else "OutOfSync")

    def compare(self, sync: str = "Synced") -> None:
        self.status["reconciledAt"] = self._stamp()
        self.status["sync"] = self.setup.compared(commit(str(self.version)), sync)
        self._emit()

    def push(self) -> None:
        self.version += 1
        self.compare("OutOfSync")

    def become(self, health: str) -> None:
        if self.status["health"].get("status") != health:
            self.status["health"] = {"status": health, "lastTransitionTime": self._stamp()}
            self._emit()

    def wipe(self, what: str) -> None:
        if self.status.pop(what, None) is not None:
            self._emit()

    def delete(self, *, running: bool) -> None:
        """At once, or with the finalizer; ``running``: while an operation runs whose end is never written."""
        if running:
            self.now = self.now.replace(microsecond=0) + timedelta(seconds=1.1)
            operation = self._request("full", "automated", back=False, direct=False)
            self.status.pop("operationState", None)
            self.obj["operation"] = operation
            self._state(operation, "Running", startedAt=self._stamp(), finishedAt=None)
            started_at = self.now.replace(microsecond=0)
            self.truths.append(
                Truth(self.obj["metadata"]["uid"], started_at, 0, "full", "automated", direct=False, end=None)
            )
        self.obj["metadata"]["deletionTimestamp"] = self._stamp()
        self._emit()
        self.become("Missing")
        self._emit("DELETED")
        self.wait(1)
        self.create(deployed=False)

    def _request(self, kind: str, by: str, *, back: bool, direct: bool) -> Json:
        sync: Json = (
            {} if direct else {"revision": commit(str(max(self.version - back, 1))), "source": self.setup.source}
        )
        if kind in ("selective", "heal"):
            sync["resources"] = [{"kind": "ConfigMap", "name": "web-config"}]
        if kind.startswith("heal"):
            sync["autoHealAttemptsCount"] = 1
        if kind == "dry":
            sync["dryRun"] = True
        return {"initiatedBy": BY[by], "retry": {"limit": 5}, "sync": sync}

    def _revision(self, operation: Json, *, back: bool) -> str:
        return str(operation["sync"].get("revision") or commit(str(max(self.version - back, 1))))

    def _enter(self, operation: Json, started_at: datetime) -> None:
        history = self.status.get("history", [])
        number = history[-1]["id"] + 1 if history else 0
        stamped = {**operation, "sync": {"revision": commit(str(self.version)), **operation["sync"]}}
        entry = self.setup.history_entry(number, stamped, to_rfc3339(started_at), self._stamp())
        self.status["history"] = [*history, entry][-self.limit :] if self.limit else []
        self._emit()
        self.wait(0.01)

    def _state(self, operation: Json, phase: str, **known: Any) -> None:
        change = {"operation": operation, "phase": phase, **known}
        self.status["operationState"] = merge(self.status.get("operationState"), change)
        self._emit()

    def _stamp(self) -> str:
        return to_rfc3339(self.now.replace(microsecond=0))

    def _emit(self, kind: str = "MODIFIED") -> None:
        self.obj["metadata"]["generation"] += 1
        self.events.append(Event(len(self.events) + 1, self.now, kind == "DELETED", deepcopy(self.obj)))
        self.wait(0.02)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life of up to eight episodes."""
    life = Life(limit=draw(st.sampled_from([0, 1, 2, 10])))
    life.create(deployed=draw(st.booleans()))
    for _ in range(draw(st.integers(1, 8))):
        _EPISODES[draw(st.sampled_from(sorted(_EPISODES)))](draw, life)
        life.wait(draw(st.sampled_from([0, 1, 40, 4000])))
    return life


def _sync(draw: st.DrawFn, life: Life) -> None:
    if draw(st.booleans()):
        life.push()
    end = draw(st.sampled_from(["At once", *ENDS]))
    by, retries = draw(st.sampled_from(sorted(BY))), draw(st.sampled_from([0, 0, 2]))
    life.operate("full", end, by=by, retries=retries, killed=draw(st.booleans()))
    if end == "At once" and draw(st.booleans()):
        life.operate(draw(st.sampled_from(["heal", "heal all"])), same_second=True)
    _roll_out(draw, life)


def _roll_out(draw: st.DrawFn, life: Life) -> None:
    for health, seconds in draw(HEALTH):
        life.wait(seconds)
        life.become(health)


def _heal(draw: st.DrawFn, life: Life) -> None:
    if draw(st.booleans()):
        life.push()
    life.operate(draw(st.sampled_from(["heal", "heal all"])), draw(st.sampled_from(["Succeeded", "Failed"])))
    _roll_out(draw, life)


def _selective(draw: st.DrawFn, life: Life) -> None:
    life.operate("selective", draw(st.sampled_from(sorted(ENDS))), by="alice")


def _direct(draw: st.DrawFn, life: Life) -> None:
    by, end = draw(st.sampled_from(["alice", "nobody"])), draw(st.sampled_from(["Succeeded", "Failed"]))
    life.operate(draw(st.sampled_from(["full", "selective"])), end, by=by, direct=True)
    _roll_out(draw, life)


def _rollback(draw: st.DrawFn, life: Life) -> None:
    life.operate("full", by="alice", back=True)
    _roll_out(draw, life)


_EPISODES: dict[str, Callable[[st.DrawFn, Life], None]] = {
    "sync": _sync,
    "heal": _heal,
    "selective": _selective,
    "direct": _direct,
    "rollback": _rollback,
    "dry run": lambda draw, life: life.operate("dry", by="alice"),
    "compare": lambda draw, life: life.compare(),
    "health": _roll_out,
    "wipe": lambda draw, life: life.wipe(draw(st.sampled_from(["history", "operationState"]))),
    "delete": lambda draw, life: life.delete(running=draw(st.booleans())),
}
