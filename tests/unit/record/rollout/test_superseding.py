"""What closes an operation before its verdict: a newer one, and the end of the Application."""

from dataclasses import replace

import pytest

from deploytrail.record.model import Status
from deploytrail.record.rollout.snapshot import Request
from tests.unit.record.rollout.story import ALICE, APPLICATION, CURRENT, NEW, NEWER, Story, at, entry, state

NEXT = Request(automated=True, revisions=NEWER)
HEAL = Request(automated=True, revisions=NEW, resources=1, heals=1)
SELECTED = Request(username="alice", revisions=NEW, resources=1)


def pending(**changes: object) -> Story:
    return Story().start(0).succeed(2).compare(2.1, **changes)


def test_a_newer_full_operation_closes_what_still_progresses_as_unknown() -> None:
    story = pending(health="Progressing").start(20, NEXT)

    assert story.statuses == [Status.UNKNOWN, Status.STARTED]
    first = story.records[min(story.records)]
    assert (first.reason, first.counted) == ("superseded while Progressing", False)


def test_it_is_closed_when_the_request_is_made_not_when_it_runs() -> None:
    story = pending(health="Progressing").see(20, request=NEXT, state=None)

    assert story.statuses == [Status.UNKNOWN]


def test_what_was_healthy_for_the_hold_is_a_success_though_not_settled() -> None:
    story = pending().start(10, NEXT)

    assert story.statuses == [Status.COMPLETED, Status.STARTED]


def test_what_was_healthy_for_an_instant_only_is_unknown() -> None:
    story = pending().start(3, NEXT)

    assert story.records[min(story.records)].reason == "superseded before Healthy was seen to hold"


def test_what_was_degraded_for_the_hold_is_a_failure() -> None:
    story = Story().see(-20, health="Degraded").start(0).succeed(2).compare(2.1).start(10, NEXT)

    assert story.statuses == [Status.FAILED, Status.STARTED]


def test_without_a_comparison_it_is_unknown_however_healthy() -> None:
    story = Story().start(0).succeed(2).start(20, NEXT)

    assert story.statuses == [Status.UNKNOWN, Status.STARTED]


def test_a_health_that_comes_with_the_next_operation_says_nothing_of_the_one_before() -> None:
    story = pending(health="Progressing")

    story.see(60, state=state("Succeeded", 40, 41, request=NEXT), health="Healthy", health_changed_at=at(45))

    assert story.statuses == [Status.UNKNOWN, Status.STARTED]


def test_a_health_is_known_until_it_was_last_seen() -> None:
    story = pending().compare(20)

    story.see(25, state=state("Running", 25, request=NEXT), request=NEXT, health="Progressing")

    assert story.statuses == [Status.COMPLETED, Status.STARTED]


def test_a_comparison_that_comes_with_another_health_says_nothing_of_the_one_before() -> None:
    story = Story().start(0).succeed(2).see(20)

    running = {"state": state("Running", 40, request=NEXT), "request": NEXT, "health": "Progressing"}
    story.compare(40.5, **running)

    assert story.records[min(story.records)].status is Status.UNKNOWN


@pytest.mark.parametrize("smaller", [SELECTED, HEAL])
def test_a_partial_operation_or_a_self_heal_supersedes_no_full_one(smaller: Request) -> None:
    story = pending(health="Progressing").start(4, smaller).succeed(5).compare(40, health="Healthy").rest()

    assert story.statuses == [Status.COMPLETED, Status.COMPLETED]


def test_a_self_heal_closes_the_self_heal_before_it() -> None:
    story = pending(health="Progressing").start(4, HEAL).succeed(5).start(8, replace(HEAL, heals=2))

    assert story.statuses == [Status.STARTED, Status.UNKNOWN, Status.STARTED]


def test_a_self_heal_with_a_new_revision_closes_like_a_full_one() -> None:
    story = pending(health="Progressing").start(20, replace(HEAL, revisions=NEWER))

    assert story.statuses == [Status.UNKNOWN, Status.STARTED]


def test_the_same_revision_again_supersedes_too() -> None:
    story = pending(health="Progressing").start(20, ALICE)

    assert story.statuses == [Status.UNKNOWN, Status.STARTED]


def test_an_end_that_was_missed_is_found_in_history() -> None:
    story = Story().start(0).see(3, health="Progressing")

    history = (*APPLICATION.history, entry(6, 0, NEW, ended=2))
    story.see(20, request=NEXT, state=None, history=history, reconciled_at=at(19))

    first = story.records[min(story.records)]
    assert (first.status, first.reason) == (Status.UNKNOWN, "superseded while Progressing")
    assert (first.operation.finished_at, first.operation.history_id) == (at(2), 6)
    assert first.operation.result.revisions == NEW


def test_an_end_that_was_missed_and_is_nowhere_is_unknown() -> None:
    story = Story().start(0).start(20, NEXT)

    first = story.records[min(story.records)]
    assert (first.status, first.operation.finished_at) == (Status.UNKNOWN, None)
    assert first.reason == "its end was not seen before the next operation"


def test_an_end_missed_before_a_self_heal_is_awaited_on() -> None:
    history = (*APPLICATION.history, entry(6, 0, NEW, ended=2))
    story = Story().start(0).see(3, request=HEAL, state=None, history=history, reconciled_at=at(3))

    story.start(3.2, HEAL).succeed(4).compare(4.1).rest()

    assert story.statuses == [Status.COMPLETED, Status.COMPLETED]


def test_running_that_nothing_requests_any_more_is_given_up_at_the_deadline() -> None:
    story = Story().start(0).see(5, request=None)

    assert story.wake_at == at(3605)
    assert story.rest().only.status is Status.UNKNOWN
    assert story.only.reason == "its end was never seen, and nothing requests it any more"


@pytest.mark.parametrize(("finished", "ended"), [(None, 2), (3, 3), (1, 2)])
def test_running_that_nothing_requests_but_history_has_did_succeed(finished: float | None, ended: float) -> None:
    story = Story().start(0)

    stale = state("Running", 0, finished)
    history = (*APPLICATION.history, entry(6, 0, NEW, ended=2))
    story.see(5, request=None, state=stale, history=history, reconciled_at=at(5)).rest()

    assert (story.only.status, story.only.operation.finished_at) == (Status.COMPLETED, at(ended))


def test_an_operation_state_that_was_taken_away_is_given_up_at_the_deadline() -> None:
    story = Story().start(0).see(5, request=None, state=None, history=()).rest()

    assert story.only.status is Status.UNKNOWN


def test_a_request_that_is_withdrawn_makes_no_record() -> None:
    story = Story().see(0, request=ALICE, state=None).see(5, request=None).rest()

    assert story.findings == []


def test_deletion_closes_what_is_pending_by_its_health() -> None:
    story = pending().see(20, deleting=True)

    assert story.statuses == [Status.COMPLETED]


def test_deletion_leaves_what_still_progresses_unknown() -> None:
    story = pending(health="Progressing").see(20, deleting=True)

    assert story.only.reason == "the application was deleted while Progressing"


def test_a_running_operation_outlives_the_deletion_of_its_application() -> None:
    story = Story().start(0).see(5, deleting=True)

    assert story.statuses == [Status.STARTED]

    story.succeed(10).compare(10.1, health="Missing").see(11, deleted=True)

    assert story.statuses == [Status.UNKNOWN]
    assert story.only.operation.finished_at == at(10)


def test_an_operation_that_fails_during_the_deletion_failed() -> None:
    story = Story().start(0).see(5, deleting=True).fail(10)

    assert story.statuses == [Status.FAILED]


def test_with_the_application_gone_no_end_is_awaited() -> None:
    story = Story().start(0).see(5, deleting=True, deleted=True)

    assert story.statuses == [Status.UNKNOWN]
    assert story.only.reason == "the application was deleted before its end was seen"
    assert story.rollout is not None
    assert story.rollout.gone
    assert story.wake_at is None


def test_deletion_alone_is_no_deployment() -> None:
    story = Story().see(0, deleting=True, health="Progressing").see(1, health="Missing").see(2, deleted=True)

    assert story.findings == []


def test_a_deletion_event_that_comes_again_finds_nothing() -> None:
    story = pending(health="Progressing").see(20, deleting=True, deleted=True)

    findings = len(story.findings)
    story.see(21, generation=story.snapshot.generation)

    assert len(story.findings) == findings


def test_an_application_that_leaves_what_is_watched_and_comes_back_is_followed_again() -> None:
    story = Story().see(0, deleted=True).see(10, deleted=False).start(20).succeed(22).compare(22.1).rest()

    assert story.statuses == [Status.COMPLETED]


def test_an_application_that_disappeared_unseen_closes_everything() -> None:
    story = pending(health="Progressing").lose(60)

    assert story.only.reason == "the application disappeared while Progressing"
    assert story.rollout is not None
    assert story.rollout.gone


def test_a_running_operation_of_an_application_that_disappeared_is_unknown() -> None:
    story = Story().start(0).lose(60)

    assert (story.only.status, story.only.reason) == (Status.UNKNOWN, "the application disappeared")


def test_a_recreated_application_is_another_one() -> None:
    other = replace(APPLICATION.application, uid="uid-2")
    fresh = replace(APPLICATION, application=other, history=(), state=None, health=None, reconciled_at=None)

    story = Story(fresh).start(0, Request(automated=True, revisions=CURRENT)).succeed(2).compare(2.1, health="Healthy")

    assert story.rest().only.application.uid == "uid-2"
    assert story.only.status is Status.COMPLETED
