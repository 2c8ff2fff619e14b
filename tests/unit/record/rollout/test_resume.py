"""After a restart the records say where it was left off."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploytrail.mapping.argocd import report
from deploytrail.mapping.rules import Rules
from deploytrail.record.model import Deployment, Status, Trigger
from deploytrail.record.query import Query
from deploytrail.record.rollout import Policy, memo, resume, tick
from deploytrail.record.rollout.snapshot import Entry, Hydration, Request, Tuning
from deploytrail.record.rollout.state import Key, Rollout
from deploytrail.stores.memory import MemoryStore
from tests.unit.record.rollout.story import (
    ALICE,
    APPLICATION,
    AUTOMATED,
    CURRENT,
    NEW,
    NEWER,
    Story,
    at,
    entry,
    state,
)

HEAL = Request(automated=True, revisions=NEW, resources=1, heals=1)


def stored(story: Story) -> list[Deployment]:
    """What a store holds of the story."""
    store = MemoryStore()

    async def keep() -> list[Deployment]:
        for finding in story.findings:
            await store.record(report(finding, Rules(), received_at=finding.at))
        return list((await store.find(Query())).items)

    return asyncio.run(keep())


def restart(story: Story, **changes: Any) -> Story:
    """Another process, which knows only what was stored, sees the Application as it is now."""
    rollout = resume(APPLICATION.application.uid, stored(story))
    other = Story(None, rollout=rollout, watching_since=at(-100))
    other.snapshot = replace(story.snapshot, **changes)
    return other


def test_an_open_operation_is_the_same_after_a_restart() -> None:
    story = Story().start(0, Request(username="alice", revisions=NEW, retry_limit=5)).succeed(2, retries=1)

    rollout = resume("uid-1", stored(story))

    assert story.rollout is not None
    (before,), (after,) = story.rollout.operations, rollout.operations
    told = replace(before, ended_seen_at=after.ended_seen_at, running_seen_at=None, guarded_at=None, images=())
    assert after == told
    assert (rollout.known, rollout.history_id, rollout.deployed) == (story.rollout.known[-1:], 6, NEW)


def test_of_an_application_without_records_nothing_is_known() -> None:
    assert resume("uid-1", []) == Rollout("uid-1")


def test_records_of_another_application_are_not_taken_for_its_own() -> None:
    assert resume("uid-2", stored(Story().start(0))) == Rollout("uid-2")


def test_an_operation_that_ended_while_we_were_down_gets_its_verdict() -> None:
    story = restart(Story().start(0))

    ended = state("Succeeded", 0, 2)
    story.see(500, request=None, state=ended, reconciled_at=at(400), health="Healthy", health_changed_at=at(60))

    assert (story.only.status, story.only.settled_at) == (Status.COMPLETED, at(60))


def test_a_pending_verdict_does_not_expire_before_the_application_is_seen_again() -> None:
    story = Story().start(0).succeed(2).compare(2.1, health="Progressing")
    rollout = resume("uid-1", stored(story))

    late = tick(rollout, at(7200), Policy())

    assert late.findings == ()
    assert late.wake_at == at(7200 + 3600)


def test_an_application_that_is_never_seen_again_closes_what_was_open() -> None:
    story = restart(Story().start(0).succeed(2)).rest()

    assert (story.only.status, story.only.reason) == (Status.UNKNOWN, "the application was not seen again")


def test_a_verdict_stands_after_a_restart() -> None:
    story = restart(Story().start(0).succeed(2).compare(2.1).rest())

    story.see(500, health="Degraded").rest()

    assert story.findings == []


def test_operations_missed_since_the_oldest_record_are_recovered() -> None:
    story = restart(Story().start(0).succeed(2).compare(2.1).rest())

    history = (*story.snapshot.history, entry(7, 1000, CURRENT), entry(8, 2000, NEWER))
    ended = state("Succeeded", 2000, 2001, request=Request(automated=True, revisions=NEWER))
    story.see(3000, history=history, state=ended, reconciled_at=at(2002)).rest()

    assert {key: finding.status for key, finding in story.records.items()} == {
        Key(at(1000)): Status.UNKNOWN,
        Key(at(2000)): Status.COMPLETED,
    }
    assert story.gaps == []


def test_what_lies_between_two_records_and_was_not_recorded_is_recovered() -> None:
    story = Story().start(0).succeed(2).compare(2.1).start(1000).succeed(1002).compare(1002.1)
    story.start(2000).succeed(2002).compare(2002.1).rest()
    kept = [deployment for deployment in stored(story) if deployment.started_at != at(1000)]

    other = Story(None, rollout=resume("uid-1", kept))
    other.snapshot = story.snapshot
    other.see(3000)

    assert other.records.keys() == {Key(at(1000))}


def test_a_jump_in_the_ids_over_a_restart_is_a_gap() -> None:
    story = restart(Story().start(0).succeed(2).compare(2.1).rest())

    story.see(3000, history=(entry(10, 1000, CURRENT), entry(11, 2000, NEWER)))

    assert [(gap.after_id, gap.count) for gap in story.gaps] == [(6, 3)]


@pytest.mark.parametrize(
    ("held", "gaps"),
    [
        ((entry(6, 1000, CURRENT),), []),
        ((entry(8, 1000, CURRENT), entry(9, 2000, NEWER)), [(5, 2, True)]),
    ],
)
def test_a_record_without_a_history_entry_says_how_far_the_ids_had_come(
    held: tuple[Entry, ...], gaps: list[tuple[int, int, bool]]
) -> None:
    story = restart(Story().start(0).fail(2, message="no"))

    story.see(3000, history=held)

    assert [(gap.after_id, gap.count, gap.exact) for gap in story.gaps] == gaps


def test_the_ids_of_a_history_that_was_wiped_and_watched_go_on_after_a_restart() -> None:
    story = Story().start(0).succeed(2).compare(2.1).rest().see(100, history=())
    story.start(200).succeed(202).compare(202.1).rest().start(300).succeed(302).compare(302.1).rest()

    other = restart(story).see(9000, history=(entry(2, 1000, NEW), entry(3, 2000, NEWER)))

    assert other.gaps == []


def test_records_that_never_said_how_far_the_ids_had_come_leave_the_size_of_a_gap_open() -> None:
    (failed,) = stored(Story().start(0).fail(2, message="no"))
    rollout = resume("uid-1", [failed.model_copy(update={"metadata": {}})])

    story = Story(None, rollout=rollout).see(9000, history=(entry(36, 1000, CURRENT), entry(37, 2000, NEWER)))

    assert [(gap.count, gap.exact) for gap in story.gaps] == [(1, False)]


def test_what_was_superseded_while_we_were_down_is_not_judged_by_a_later_health() -> None:
    story = restart(Story().start(0).succeed(2).compare(2.1, health="Progressing"))

    following = Request(automated=True, revisions=NEWER)
    ended = state("Succeeded", 1000, 1001, request=following)
    history = (*story.snapshot.history, entry(7, 1000, NEWER))
    seen = {"history": history, "health": "Healthy", "health_changed_at": at(1010), "reconciled_at": at(1900)}
    story.see(2000, state=ended, **seen).rest()

    assert story.statuses == [Status.UNKNOWN, Status.COMPLETED]


def test_what_was_healthy_long_before_it_was_superseded_is_a_success_even_so() -> None:
    story = restart(Story().start(0).succeed(2).compare(2.1, health="Progressing"))

    following = Request(automated=True, revisions=NEWER)
    running = state("Running", 1000, request=following)
    seen = {"request": following, "health": "Healthy", "health_changed_at": at(60), "reconciled_at": at(999)}
    story.see(1001, state=running, **seen)

    assert story.statuses == [Status.COMPLETED, Status.STARTED]


def test_left_overs_do_not_make_a_second_record_after_a_restart() -> None:
    left_over = Request(username="alice", revisions=CURRENT, resources=1, heals=2)
    shown = replace(left_over, username="ci-bot")
    story = Story(None).see(-30, state=state("Succeeded", -60, -59, request=left_over))
    story.see(0, request=Request(username="ci-bot")).see(0.1, state=state("Running", 0, request=shown))

    other = restart(story)
    other.see(10, request=None, state=state("Succeeded", 0, 9, request=shown, revisions=NEW)).compare(10.1).rest()

    assert other.records.keys() == {Key(at(0), 0)}
    assert other.only.operation.trigger is Trigger.DIRECT


def test_a_self_heal_stays_one_over_a_restart() -> None:
    story = restart(Story().start(0, replace(HEAL, revisions=NEWER)).succeed(1)).compare(1.1).rest()

    assert (story.only.operation.key.heals, story.only.status, story.only.counted) == (1, Status.COMPLETED, True)


def test_a_self_heal_of_the_whole_application_keeps_its_history_entry_over_a_restart() -> None:
    heal = replace(HEAL, resources=0)
    story = restart(Story().start(0).succeed(2).compare(2.1).start(100, heal))

    story.succeed(101).compare(101.1).rest()

    assert (story.only.operation.key, story.only.operation.history_id) == (Key(at(100), 1), 7)
    assert restart(story).see(300).rest().findings == []


def test_what_was_rendered_while_an_operation_ran_survives_a_restart() -> None:
    seen = Hydration(*NEW, "e" * 40)
    story = restart(Story(replace(APPLICATION, hydrations=(seen,))).start(0), hydrations=())

    story.see(5)

    assert story.rollout is not None
    assert story.rollout.operations[0].hydrations == (seen,)


def test_the_applications_own_deadline_survives_a_restart() -> None:
    tuning = Tuning(settle=timedelta(minutes=2), deadline=timedelta(hours=6))

    rollout = resume("uid-1", stored(Story(None).see(-30, tuning=tuning).start(0)))

    assert rollout.tuning == tuning


def test_the_names_of_a_record_survive_a_restart_though_the_annotations_changed() -> None:
    story = restart(Story().start(0), subject=replace(APPLICATION.subject, product="other"))

    story.see(5).succeed(6).compare(6.1).rest()

    assert story.only.operation.subject.product == "web"


def test_what_is_known_of_operations_is_the_same_after_a_restart() -> None:
    story = Story().start(0, HEAL).succeed(2).compare(2.1).start(100, replace(HEAL, resources=0)).succeed(102)

    assert story.rollout is not None
    assert resume("uid-1", stored(story)).known == story.rollout.known[-2:]


@pytest.mark.parametrize("request_", [AUTOMATED, ALICE, HEAL])
def test_what_is_kept_with_a_record_is_json_and_reads_back(request_: Request) -> None:
    story = Story().start(0, request_).succeed(2, images=("registry.example.com/web:1.2.3",))
    (deployment,) = stored(story)

    kept = Deployment.model_validate_json(deployment.model_dump_json())

    assert kept == deployment
    assert resume("uid-1", [kept]) == resume("uid-1", [deployment])
    assert memo.result(kept).revisions == NEW


def test_metadata_of_somebody_else_is_no_harm() -> None:
    (deployment,) = stored(Story().start(0))

    rollout = resume("uid-1", [deployment.model_copy(update={"metadata": {"argocd": "?"}})])

    assert rollout.operations[0].key == Key(at(0), 0)


@pytest.mark.parametrize("restarted", [False, True], ids=["watched", "over a restart"])
def test_where_no_history_is_kept_a_self_heal_tells_what_is_deployed(restarted: bool) -> None:
    bare = replace(APPLICATION, history=(), state=None)
    story = Story(bare).start(0, HEAL).succeed(1, history=False).compare(1.1).rest()
    story = restart(story) if restarted else story

    story.start(1_000_000, replace(HEAL, revisions=NEWER)).succeed(1_000_001, history=False).compare(1_000_001.1).rest()

    counted = [story.records[key].counted for key in sorted(story.records) if key.started_at == at(1_000_000)]
    assert counted == [True]
