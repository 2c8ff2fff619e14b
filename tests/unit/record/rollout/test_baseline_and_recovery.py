"""What is there when an Application is first seen, and what happened while nobody watched."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from deploytrail.record.model import Status, Trigger
from deploytrail.record.rollout import Gap, Snapshot
from deploytrail.record.rollout.history import DAWN, RECOVERED
from deploytrail.record.rollout.snapshot import Entry, Request
from deploytrail.record.rollout.state import Key
from tests.unit.record.rollout.story import (
    ALICE,
    APPLICATION,
    AUTOMATED,
    CURRENT,
    NEW,
    NEWER,
    OLD,
    Story,
    at,
    entry,
    state,
)

NEXT = Request(automated=True, revisions=NEWER)


def away(*new: Entry, **changes: object) -> Story:
    """Watched, then not, then seen again with these entries more in history, the last one in operationState."""
    last = new[-1]
    started, ended = (last.started_at - at(0)).total_seconds(), (last.deployed_at - at(0)).total_seconds()
    request = Request(username=last.username, automated=last.automated, revisions=last.revisions)
    seen = {
        "history": (*APPLICATION.history, *new),
        "state": state("Succeeded", started, ended, request=request),
        "reconciled_at": at(9000),
        "health_changed_at": at(ended + 20),
    }
    return Story().see(9000, **(seen | changes))


@pytest.mark.parametrize("phase", ["Succeeded", "Failed", "Error"])
def test_what_had_ended_when_an_application_is_first_seen_is_not_recorded(phase: str) -> None:
    story = Story(replace(APPLICATION, state=state(phase, -60, -50))).compare(0).rest()

    assert story.findings == []


def test_what_runs_when_an_application_is_first_seen_is_recorded() -> None:
    first = replace(APPLICATION, request=AUTOMATED, state=state("Running", -40))
    story = Story(first).succeed(2).compare(2.1).rest()

    assert (story.only.status, story.only.operation.key) == (Status.COMPLETED, Key(at(-40)))


def test_a_running_patch_that_came_too_late_is_baseline_like_the_end_it_hides() -> None:
    story = Story(replace(APPLICATION, state=state("Running", -600, -590))).rest()

    assert story.findings == []


def test_a_brand_new_application_brings_empty_texts() -> None:
    fresh = Snapshot(APPLICATION.application, APPLICATION.subject, request=AUTOMATED)
    story = Story(fresh).see(0, state=state("Running", 0, revisions=())).see(0.5, health="Missing")
    story.succeed(1).compare(1.1, health="Healthy").see(1.3, health="Progressing").see(20, health="Healthy").rest()

    assert (story.only.status, story.only.settled_at) == (Status.COMPLETED, at(20))


def test_what_ended_after_recording_began_is_recovered_at_first_sight() -> None:
    first = replace(APPLICATION, state=state("Succeeded", -50, -48), reconciled_at=at(-40))
    first = replace(first, history=(*APPLICATION.history, entry(6, -100, OLD), entry(7, -50, NEW)))

    story = Story(first, watching_since=at(-1000)).rest()

    assert {key: finding.status for key, finding in story.records.items()} == {
        Key(at(-100)): Status.UNKNOWN,
        Key(at(-50)): Status.COMPLETED,
    }
    assert story.records[Key(at(-100))].reason == RECOVERED


def test_a_failure_that_ended_after_recording_began_is_recovered_too() -> None:
    first = replace(APPLICATION, state=state("Failed", -50, -48, message="no"))

    story = Story(first, watching_since=at(-1000))

    assert story.only.status is Status.FAILED


def test_what_ended_before_recording_began_is_not() -> None:
    story = Story(replace(APPLICATION, state=state("Failed", -50, -48)), watching_since=at(-40))

    assert story.findings == []


def test_all_of_history_can_be_taken_in() -> None:
    story = Story(watching_since=DAWN).rest()

    assert [finding.operation.result.revisions for finding in story.records.values()] == [OLD, CURRENT]


def test_operations_missed_are_recovered_once_each_and_the_last_gets_a_verdict() -> None:
    story = away(entry(6, 1000, NEW), entry(7, 2000, NEWER)).rest()

    assert story.statuses == [Status.UNKNOWN, Status.COMPLETED]
    recovered, last = (story.records[Key(at(1000))], story.records[Key(at(2000))])
    assert (recovered.reason, recovered.counted) == (RECOVERED, False)
    assert (recovered.operation.finished_at, recovered.operation.history_id) == (at(1001), 6)
    assert recovered.operation.result.revisions == NEW
    assert (last.settled_at, last.operation.history_id) == (at(2021), 7)
    assert story.gaps == []

    findings = len(story.findings)
    story.compare(9100).rest()

    assert len(story.findings) == findings


@pytest.mark.parametrize(
    ("by", "trigger", "deployed_by"),
    [
        ({"automated": True}, Trigger.AUTOMATED, "argocd (automated)"),
        ({"username": "alice"}, Trigger.MANUAL, "alice"),
        ({"automated": False}, None, None),
    ],
)
def test_history_tells_who_deployed(by: dict[str, Any], trigger: Trigger | None, deployed_by: str | None) -> None:
    story = away(entry(6, 1000, NEW, **by), entry(7, 2000, NEWER))

    recovered = story.records[Key(at(1000))].operation
    assert (recovered.trigger, recovered.deployed_by) == (trigger, deployed_by)


def test_history_tells_a_rollback() -> None:
    story = away(entry(6, 1000, OLD, username="alice"), entry(7, 2000, NEWER))

    assert story.records[Key(at(1000))].operation.trigger is Trigger.ROLLBACK


def test_two_entries_for_one_operation_are_one_record() -> None:
    story = away(entry(6, 1000, NEW), entry(7, 1000, NEW), entry(8, 2000, NEWER)).rest()

    assert story.records.keys() == {Key(at(1000)), Key(at(2000))}


def test_a_second_entry_for_the_operation_that_is_followed_is_no_record() -> None:
    story = Story().start(0)
    history = (*APPLICATION.history, entry(6, 0, NEW))

    story.see(1, history=history).see(8, history=(*history, entry(7, 0, NEW))).succeed(9, history=False)
    story.compare(9.1).rest()

    assert story.only.status is Status.COMPLETED


def test_what_was_pending_before_an_operation_that_was_missed_is_superseded_by_it() -> None:
    story = Story().start(0).succeed(2).compare(2.1, health="Progressing")
    heal = Request(automated=True, revisions=NEWER, resources=1, heals=1)

    history = (*story.snapshot.history, entry(7, 1000, NEWER))
    story.see(1100, state=state("Succeeded", 1002, 1003, request=heal), history=history, health="Healthy").rest()

    assert story.records[Key(at(0))].status is Status.UNKNOWN


def test_a_running_operation_before_one_that_was_missed_had_its_end_and_is_superseded() -> None:
    story = Story().start(0)
    heal = Request(automated=True, revisions=NEWER, resources=1, heals=1)

    history = (*APPLICATION.history, entry(6, 0, NEW, ended=2), entry(7, 1000, NEWER))
    seen = {"request": None, "history": history, "health_changed_at": at(1010), "reconciled_at": at(1011)}
    story.see(1100, state=state("Succeeded", 1002, 1003, request=heal), **seen).rest()

    assert {key.started_at: finding.status for key, finding in story.records.items()} == {
        at(0): Status.UNKNOWN,
        at(1000): Status.UNKNOWN,
        at(1002): Status.COMPLETED,
    }
    assert story.records[Key(at(0))].operation.finished_at == at(2)


def test_a_jump_in_the_ids_is_a_gap_that_is_told_once() -> None:
    held = (entry(9, 1000, NEW), entry(10, 2000, NEWER))
    story = away(*held, history=held)

    assert story.gaps == [Gap(APPLICATION.application, 3, 5, 9)]
    assert len(story.compare(9100).gaps) == 1


@pytest.mark.parametrize(
    "held",
    [
        (entry(6, 1000, NEW), entry(7, 2000, NEWER)),
        (entry(0, 1000, NEW), entry(1, 2000, NEWER)),
        (entry(0, 2000, NEWER),),
    ],
    ids=["contiguous", "wiped", "limit 0"],
)
def test_ids_that_go_on_or_begin_anew_are_no_gap(held: tuple[Entry, ...]) -> None:
    story = away(*held, history=held)

    assert story.gaps == []
    assert len(story.records) == len(held)


def test_a_jump_before_an_operation_that_is_followed_is_a_gap_too() -> None:
    story = Story(replace(APPLICATION, history=APPLICATION.history[-1:])).see(0, health="Progressing")

    story.start(1000).see(1001, history=(entry(9, 1000, NEW),))

    assert story.gaps == [Gap(APPLICATION.application, 3, 5, 9)]


def test_history_that_was_wiped_and_then_cut_has_a_gap() -> None:
    held = (entry(3, 1000, NEW), entry(4, 2000, NEWER))

    assert away(*held, history=held).gaps == [Gap(APPLICATION.application, 3, None, 3)]


LATER = tuple(entry(number, number * 100, NEW) for number in range(4, 14))
BEFORE, LONG_BEFORE = at(0), at(-90000)


@pytest.mark.parametrize(
    ("created_at", "history", "since", "gap"),
    [
        (at(50), LATER, BEFORE, (4, True)),
        (at(50), (entry(0, 100, OLD), entry(1, 200, NEW)), BEFORE, None),
        (at(50), (entry(0, 900, NEW),), BEFORE, None),
        (at(50), (), BEFORE, None),
        (LONG_BEFORE, LATER, BEFORE, (1, False)),
        (None, LATER, BEFORE, (1, False)),
        (LONG_BEFORE, (entry(0, 100, OLD), entry(1, 200, NEW)), BEFORE, None),
        (LONG_BEFORE, (entry(3, -100, OLD), *LATER), BEFORE, None),
        (LONG_BEFORE, (entry(2, -100, OLD), *LATER), BEFORE, (1, True)),
        (at(450), LATER, BEFORE, None),
        (LONG_BEFORE, LATER, at(5000), None),
        (LONG_BEFORE, LATER, DAWN, None),
        (LONG_BEFORE, LATER, None, None),
    ],
    ids=[
        "created while away",
        "created while away, all held",
        "created while away, limit 0",
        "created while away, never deployed",
        "baseline pushed out",
        "age unknown",
        "wiped",
        "baseline held",
        "baseline held, cut in between",
        "restored from a backup",
        "first install",
        "backfill",
        "replay",
    ],
)
def test_what_history_lost_before_an_application_was_first_seen_is_told(
    created_at: datetime | None, history: tuple[Entry, ...], since: datetime | None, gap: tuple[int, bool] | None
) -> None:
    story = Story(None, watching_since=since).see(9000, created_at=created_at, history=history, state=None)

    assert [(found.count, found.exact) for found in story.gaps] == ([gap] if gap else [])
    assert len(story.see(9100, health="Progressing").gaps) == len(story.gaps[:1])


@pytest.mark.parametrize(("first", "lost"), [(0, 0), (4, 4)])
def test_a_history_that_was_seen_empty_begins_with_the_first_id(first: int, lost: int) -> None:
    held = tuple(entry(number, number * 100, NEW) for number in range(first, first + 10))
    story = Story(replace(APPLICATION, history=()), watching_since=at(-100)).see(9000, history=held)

    assert sum(gap.count for gap in story.gaps) == lost


def test_a_history_that_keeps_one_entry_has_no_gaps_while_it_is_watched() -> None:
    story = Story(replace(APPLICATION, history=APPLICATION.history[-1:])).start(0)
    story.see(1, history=(entry(6, 0, NEW),)).see(8, history=(entry(7, 0, NEW),)).succeed(9, history=False)

    story.start(100, NEXT).see(101, history=(entry(8, 100, NEWER),)).succeed(102, history=False)

    assert story.gaps == []


def test_a_history_of_which_nothing_is_kept_loses_nothing_that_is_watched() -> None:
    story = Story(replace(APPLICATION, history=())).start(0).succeed(2, history=False).compare(2.1)

    story.start(100, NEXT).succeed(102, history=False).compare(102.1).rest()

    assert story.statuses == [Status.COMPLETED, Status.COMPLETED]
    assert story.gaps == []


def test_a_wiped_status_neither_loses_nor_doubles_what_was_recorded() -> None:
    story = Story().start(0).succeed(2).compare(2.1).rest()

    story.see(100, state=None, history=(), health=None, reconciled_at=None, sync_status=None)
    story.compare(110, health="Healthy", history=()).rest()

    assert story.statuses == [Status.COMPLETED]


def test_what_is_pending_when_status_is_wiped_is_still_awaited() -> None:
    story = Story().start(0).succeed(2).compare(2.1, health="Progressing")

    story.see(10, state=None, history=(), health=None, reconciled_at=None)
    story.compare(20, health="Healthy", health_changed_at=at(20)).rest()

    assert story.statuses == [Status.COMPLETED]


def test_an_ignored_application_is_not_recovered() -> None:
    tuned = replace(APPLICATION.tuning, ignored=True)
    story = Story(replace(APPLICATION, tuning=tuned))

    story.see(900, history=(*APPLICATION.history, entry(6, 100, NEW))).see(910, tuning=APPLICATION.tuning).rest()

    assert story.findings == []


def test_a_request_seen_at_first_sight_over_a_finished_operation_is_a_direct_one() -> None:
    story = Story(replace(APPLICATION, request=ALICE)).see(0, state=state("Running", 0, request=ALICE))

    assert story.only.operation.trigger is Trigger.DIRECT
