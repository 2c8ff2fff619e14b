"""The Argo CD tracker: from what Applications say, event by event, to what is recorded. Pure, like the rest of record.

    Snapshot ──▶ observe ──▶ Step(rollout, findings, wake_at) ──▶ mapping.argocd.report ──▶ recorder
                  ▲   │
        Rollout ──┘   └─ tick at wake_at · resume from the store after a restart · lose when it is gone unseen

    observe(rollout | None, snapshot, now, policy, *, watching_since=None) -> Step
        Every event, in the order of the watch, goes through it. None is an Application without records: what is
        terminal in its first snapshot is baseline, unless it happened at or after ``watching_since`` (when recording
        began here; the age that retention keeps, if that is shorter; the beginning of time to take in all of history).
    tick(rollout, now, policy) -> Step
        Called at ``wake_at``, or at any time; the same policy as for observe. Timers never fire by themselves.
    baseline(snapshot, since=...) -> Finding | None
        For an Application seen for the first time: what it ran before anybody watched, never counted.
    lose(rollout, now, policy) -> Step
        The Application is no longer there, and nobody saw it go: not in a complete listing, or recreated.
    resume(uid, deployments) -> Rollout
        After a restart: from the Application's records (all open ones, and the newest terminal ones: as many as its
        history may hold is always enough). Call ``tick`` once to learn ``wake_at``. Open records wait to be seen
        again; if that never happens they become unknown one deadline later.

Record each finding before taking the step's rollout for the truth: if the store is away, keep the old rollout and
observe again. Everything is idempotent: the same snapshot twice finds nothing the second time.

snapshot   what one Application says at one instant: the vocabulary
state      what is remembered between events: Rollout, Operation, Policy
requests   which operation this is, who asked for it, and what kind it is
history    baseline, operations missed and found again, ends missed, gaps
verdicts   when a health is believed; what closes an operation
memo       what of it is kept with the record, and back again
baseline   what ran before anybody watched
step       findings, gaps, and the next look
tracker    observe, tick, lose: the order of it all
"""

from deploytrail.record.rollout.baseline import baseline
from deploytrail.record.rollout.memo import resume
from deploytrail.record.rollout.snapshot import Snapshot
from deploytrail.record.rollout.state import Policy, Rollout
from deploytrail.record.rollout.step import Finding, Found, Gap, Step
from deploytrail.record.rollout.tracker import lose, observe, tick

__all__ = [
    "Finding",
    "Found",
    "Gap",
    "Policy",
    "Rollout",
    "Snapshot",
    "Step",
    "baseline",
    "lose",
    "observe",
    "resume",
    "tick",
]
