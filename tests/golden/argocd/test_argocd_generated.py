"""Whatever Argo CD and people do with an Application, and whatever a watch loses of it: one record, and a true one."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.mapping.recording import Event
from deploytrail.record.model import Deployment, Status, Trigger
from deploytrail.record.rollout import memo, resume
from deploytrail.record.rollout.requests import AUTOMATED
from deploytrail.replay import Replay
from tests.golden.argocd.generated import Life, Truth, lives
from tests.golden.argocd.streams import Folded, fold
from tests.golden.argocd.test_argocd_properties import check_unchanged, heals

EXAMPLES = settings(max_examples=80, deadline=None)
Key = tuple[str, datetime, int]


def keys(folded: Folded) -> Counter[Key]:
    """The operations that were recorded."""
    return Counter(
        (d.application.uid, d.started_at, heals(d))
        for d in folded.deployments.values()
        if d.application is not None and d.started_at is not None
    )


def real(life: Life) -> set[Key]:
    """The operations that there were, without rehearsals."""
    return {(each.uid, each.started_at, each.heals) for each in life.truths if each.kind != "dry"}


def check(folded: Folded, life: Life) -> None:
    """Never a second record for an operation, none told again after its verdict, no success of a failure."""
    assert max(keys(folded).values(), default=1) == 1
    terminal: set[str] = set()
    for report in folded.told:
        assert report.id not in terminal, f"told again after its verdict: {report}"
        if report.telling.status.terminal:
            terminal.add(report.id)
    good = {(each.uid, each.started_at) for each in life.truths if each.end == "Succeeded"}
    for d in folded.deployments.values():
        assert d.status is not Status.COMPLETED or (d.application and d.application.uid, d.started_at) in good, d


def lossy(data: st.DataObject, events: Sequence[Event]) -> list[Event]:
    """Some of the events; of every Application the first and the last."""
    uids = [event.obj["metadata"]["uid"] for event in events]
    first = {uid: uids.index(uid) for uid in uids}
    last = {uid: index for index, uid in enumerate(uids)}
    kept = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    ends = {*first.values(), *last.values()}
    return [event for index, event in enumerate(events) if kept[index] or index in ends]


@EXAMPLES
@given(life=lives())
def test_every_operation_that_is_seen_is_one_record(life: Life) -> None:
    folded = fold(life.events)

    check(folded, life)
    assert set(keys(folded)) == real(life)
    found = {(d.application.uid, d.started_at, heals(d)): d for d in folded.deployments.values() if d.application}
    for truth in life.truths:
        if truth.kind != "dry":
            assert_true(found[truth.uid, truth.started_at, truth.heals], truth)


def assert_true(deployment: Deployment, truth: Truth) -> None:
    """The record says of the operation what it was."""
    verdict = deployment.status in (Status.COMPLETED, Status.FAILED)
    deploys = truth.kind == "full" or truth.brings
    assert deployment.counted == (verdict and deploys and truth.end != "Terminated"), truth
    assert deployment.partial == (truth.kind in ("selective", "heal") and not truth.brings), truth
    assert memo.partial(deployment) == (truth.kind in ("selective", "heal")), truth
    assert deployment.deployed_by == {"automated": AUTOMATED, "alice": "alice", "nobody": None}[truth.by], truth
    assert deployment.trigger in triggers(truth), truth
    if truth.end in ("Failed", "Error", "Terminated"):
        assert deployment.status is Status.FAILED, truth


def triggers(truth: Truth) -> set[Trigger]:
    """What may have set it off, for all that the Application says."""
    if truth.heals:
        return {Trigger.SELF_HEAL}
    if truth.by == "automated":
        return {Trigger.AUTOMATED}
    return {Trigger.DIRECT} if truth.direct else {Trigger.MANUAL, Trigger.ROLLBACK}


@EXAMPLES
@given(life=lives(), data=st.data())
def test_lost_events_make_no_second_record(life: Life, data: st.DataObject) -> None:
    folded = fold(lossy(data, life.events))

    check(folded, life)
    there_were = Counter((uid, started_at) for uid, started_at, _ in real(life))
    assert Counter((uid, started_at) for uid, started_at, _ in keys(folded)) <= there_were


@EXAMPLES
@given(life=lives(), data=st.data())
def test_events_that_come_again_change_nothing(life: Life, data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(1, 3), min_size=len(life.events), max_size=len(life.events)))

    folded = fold([event for event, count in zip(life.events, times, strict=True) for _ in range(count)])

    check(folded, life)
    assert folded.rows() == fold(life.events).rows()


@EXAMPLES
@given(life=lives(), data=st.data())
def test_a_restart_makes_no_second_record(life: Life, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(life.events)))
    folded, replay = Folded(), Replay()
    for event in life.events[:cut]:
        folded.tell(replay.feed(event))
    before = folded.deployments

    after = fold(life.events[cut:], restarted(folded, life.events[0].at, life.events[cut - 1].at), folded)

    check(after, life)
    check_unchanged(before, after)
    assert set(keys(after)) == real(life)


def restarted(folded: Folded, began: datetime | None, now: datetime | None) -> Replay:
    """A new process, which knows what the store holds."""
    replay = Replay(watching_since=began)
    assert now is not None
    deployments = list(folded.deployments.values())
    for uid in {d.application.uid for d in deployments if d.application}:
        replay.resume(resume(uid, deployments), now)
    return replay
