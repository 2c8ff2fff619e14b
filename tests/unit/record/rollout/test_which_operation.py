"""Which operation is seen, who asked for it, what kind it is, and whether it counts."""

from dataclasses import replace

import pytest

from deploytrail.record.model import Status, Trigger
from deploytrail.record.rollout import Policy
from deploytrail.record.rollout.snapshot import Request, Tuning
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

HEAL = Request(automated=True, revisions=NEW, resources=1, heals=1)
WHOLE_HEAL = replace(HEAL, resources=0)
SELECTED = Request(username="alice", revisions=NEW, resources=2)
DRY = Request(username="alice", revisions=NEW, dry_run=True)


@pytest.mark.parametrize(
    ("request_", "trigger", "deployed_by"),
    [
        (AUTOMATED, Trigger.AUTOMATED, "argocd (automated)"),
        (ALICE, Trigger.MANUAL, "alice"),
        (Request(revisions=NEW), Trigger.MANUAL, None),
        (Request(username="alice", manifests=True), Trigger.MANUAL, "alice"),
        (Request(username="ci-bot"), Trigger.DIRECT, "ci-bot"),
        (Request(), Trigger.DIRECT, None),
        (HEAL, Trigger.SELF_HEAL, "argocd (automated)"),
        (SELECTED, Trigger.MANUAL, "alice"),
        (
            Request(username="applicationset-controller", automated=True, revisions=NEW),
            Trigger.AUTOMATED,
            "applicationset-controller",
        ),
        (Request(username="alice", revisions=OLD), Trigger.ROLLBACK, "alice"),
        (Request(automated=True, revisions=OLD), Trigger.AUTOMATED, "argocd (automated)"),
        (Request(username="alice", revisions=CURRENT), Trigger.MANUAL, "alice"),
    ],
)
def test_the_request_says_what_set_it_off_and_who(request_: Request, trigger: Trigger, deployed_by: str | None) -> None:
    story = Story().start(0, request_)

    assert story.only.operation.trigger is trigger
    assert story.only.operation.deployed_by == deployed_by


def test_going_back_to_the_head_is_no_rollback() -> None:
    story = Story(None).see(-30, sync_revisions=OLD).start(0, Request(username="alice", revisions=OLD))

    assert story.only.operation.trigger is Trigger.MANUAL


def test_a_rollback_of_several_sources_compares_all_of_them() -> None:
    older, newest = ("1" * 40, "2" * 40), ("1" * 40, "3" * 40)
    history = (entry(0, -900, older), entry(1, -600, newest))
    story = Story(None).see(-30, history=history, sync_revisions=newest)

    story.start(0, Request(username="alice", revisions=older))

    assert story.only.operation.trigger is Trigger.ROLLBACK


@pytest.mark.parametrize("request_", [ALICE, Request(username="alice", revisions=OLD), SELECTED])
def test_a_request_over_a_finished_operation_state_was_written_directly(request_: Request) -> None:
    story = Story().see(0, request=request_).see(0.1, state=state("Running", 0, request=request_))

    assert story.only.operation.trigger is Trigger.DIRECT


def test_rolling_sync_writes_directly_and_is_automated_all_the_same() -> None:
    story = Story().see(0, request=AUTOMATED).see(0.1, state=state("Running", 0))

    assert story.only.operation.trigger is Trigger.AUTOMATED


def test_left_overs_of_an_older_operation_are_not_taken_for_the_request() -> None:
    left_over = Request(username="alice", revisions=CURRENT, resources=1, heals=1, dry_run=True)
    asked = Request(username="ci-bot")
    story = Story(None).see(-30, state=state("Succeeded", -60, -59, request=left_over))
    story.see(0, request=asked)
    shown = replace(left_over, username="ci-bot")
    story.see(0.1, state=state("Running", 0, request=shown, message="successfully synced", revisions=CURRENT))
    story.see(0.2, request=None, state=state("Succeeded", 0, 1, request=shown, revisions=NEW)).compare(1.2).rest()

    assert story.records.keys() == {Key(at(0), 0)}
    assert story.only.status is Status.COMPLETED
    assert story.only.counted
    assert (story.only.operation.deployed_by, story.only.operation.partial) == ("ci-bot", False)
    assert story.only.operation.result.revisions == NEW


def test_a_remembered_direct_request_is_believed_when_only_the_end_is_seen() -> None:
    left_over = Request(username="alice", revisions=CURRENT, resources=1)
    story = Story(None).see(-30, state=state("Succeeded", -60, -59, request=left_over)).see(0, request=Request())

    ended = state("Succeeded", 0, 1, request=left_over, revisions=NEW)
    story.see(5, request=None, state=ended, history=(*APPLICATION.history, entry(6, 0, NEW)))

    assert (story.only.operation.deployed_by, story.only.operation.trigger) == (None, Trigger.DIRECT)
    assert not story.only.operation.partial


def test_history_disproves_left_overs_when_neither_request_nor_start_was_seen() -> None:
    left_over = Request(username="alice", revisions=CURRENT, dry_run=True, resources=1)
    story = Story()

    history = (*APPLICATION.history, entry(6, 0, NEW, username="ci-bot"))
    story.see(5, state=state("Succeeded", 0, 1, request=left_over, revisions=NEW), history=history)

    assert not story.only.operation.partial
    assert (story.only.operation.deployed_by, story.only.operation.trigger) == ("ci-bot", Trigger.DIRECT)


def test_a_dry_run_that_was_remembered_is_not_the_operation_that_history_proves_real() -> None:
    story = Story().see(0, request=Request(username="ci-bot", dry_run=True))
    left_over = Request(username="ci-bot", revisions=NEW, dry_run=True)

    history = (*APPLICATION.history, entry(6, 10, NEW, username="ci-bot"))
    story.see(12, request=None, state=state("Succeeded", 10, 11, request=left_over, revisions=NEW), history=history)

    assert story.records.keys() == {Key(at(10), 0)}


def test_a_direct_request_is_not_taken_for_the_one_behind_an_operation_of_somebody_else() -> None:
    story = Story().see(0, request=Request(username="ci-bot", revisions=NEW))

    story.see(50, request=None, state=state("Failed", 40, 41, request=Request(username="alice", revisions=NEWER)))

    assert (story.only.operation.deployed_by, story.only.operation.trigger) == ("alice", Trigger.MANUAL)


def test_a_direct_request_for_everything_is_not_taken_for_a_success_that_history_lacks() -> None:
    story = Story().see(0, request=Request())

    heal = replace(HEAL, revisions=NEW)
    history = (*APPLICATION.history, entry(6, 10, NEW, automated=False))
    story.see(50, request=None, state=state("Succeeded", 40, 41, request=heal), history=history)

    assert {key.heals: finding.operation.trigger for key, finding in story.records.items()} == {
        0: None,
        1: Trigger.SELF_HEAL,
    }


def test_a_request_that_wiped_the_operation_state_leaves_nothing_to_shine_through() -> None:
    story = Story().see(0, request=AUTOMATED, state=None)

    story.see(5, request=None, state=state("Failed", 3, 4, request=HEAL))

    assert story.only.operation.key == Key(at(3), 1)


def test_an_old_success_that_shines_through_tells_a_direct_request() -> None:
    story = Story()

    story.see(1, request=ALICE, state=state("Running", 0, request=ALICE, message="successfully synced (all tasks run)"))

    assert story.only.operation.trigger is Trigger.DIRECT


def test_a_direct_operation_that_fails_early_does_not_show_the_older_result_as_its_own() -> None:
    story = Story().see(0, request=ALICE).see(0.1, state=state("Running", 0, request=ALICE, revisions=CURRENT))

    story.see(1, request=None, state=state("Error", 0, 1, request=ALICE, revisions=CURRENT, message="no project"))

    assert story.only.status is Status.FAILED
    assert story.only.operation.result.revisions == ()


@pytest.mark.parametrize(
    "other", [Request(username="alice", revisions=NEWER), replace(HEAL, heals=2), Request(dry_run=True)]
)
@pytest.mark.parametrize("request_", [AUTOMATED, HEAL])
def test_a_request_that_is_written_over_a_running_one_is_no_operation(request_: Request, other: Request) -> None:
    """Argo CD goes on with the operation in operationState, and takes both requests away at its end."""
    story = (
        Story().start(0, request_).see(1, request=other).succeed(2, history=False, revisions=NEW).compare(2.1).rest()
    )

    assert story.only.status is Status.COMPLETED
    assert story.only.operation.key == Key(at(0), request_.heals)
    assert story.only.operation.deployed_by == "argocd (automated)"


def test_a_dry_run_is_no_deployment() -> None:
    story = Story().start(0, DRY).succeed(1, history=False).compare(60).rest()

    assert story.findings == []


def test_a_dry_run_supersedes_nothing() -> None:
    story = Story().start(0).succeed(2).compare(2.1, health="Progressing")

    story.start(10, DRY).succeed(11, history=False).see(20, health="Healthy").rest()

    assert story.only.status is Status.COMPLETED


def test_a_real_operation_in_the_second_of_a_dry_run_is_not_taken_for_it() -> None:
    story = Story().start(0, DRY).succeed(0.3, history=False).start(0.5, ALICE).succeed(0.9).compare(1).rest()

    assert (story.only.status, story.only.operation.key) == (Status.COMPLETED, Key(at(0)))


def test_a_selective_sync_is_recorded_as_partial_and_does_not_count() -> None:
    story = Story().start(0, SELECTED).succeed(1).compare(1.1).rest()

    assert story.only.operation.partial
    assert (story.only.status, story.only.counted) == (Status.COMPLETED, False)
    assert story.only.reason == "not counted: only some resources were synced"


def test_a_self_heal_is_recorded_and_does_not_count() -> None:
    heal = replace(HEAL, revisions=CURRENT)
    story = Story().start(0, heal).succeed(1).compare(1.1).rest()

    assert (story.only.status, story.only.counted) == (Status.COMPLETED, False)
    assert story.only.reason == "not counted: self-heal of what is deployed already"


def test_a_self_heal_with_a_new_revision_counts() -> None:
    story = Story().start(0, HEAL).succeed(1).compare(1.1).rest()

    assert (story.only.status, story.only.counted, story.only.reason) == (Status.COMPLETED, True, None)
    assert story.only.operation.trigger is Trigger.SELF_HEAL


def test_the_next_self_heal_of_that_revision_does_not_count() -> None:
    story = Story().start(0, HEAL).succeed(1).compare(1.1).start(100, HEAL).succeed(101).compare(101.1).rest()

    assert [finding.counted for finding in story.records.values()] == [True, False]


def test_without_any_history_a_self_heal_of_what_was_seen_deployed_does_not_count() -> None:
    story = Story(replace(APPLICATION, history=())).start(0).succeed(1, history=False).compare(1.1)

    story.start(100, HEAL).succeed(101, history=False).compare(101.1).rest()

    assert [finding.counted for finding in story.records.values()] == [True, False]


DEPLOYED = Request(automated=True, revisions=CURRENT)


@pytest.mark.parametrize(
    ("phase", "found", "revisions", "counted"),
    [
        ("Succeeded", DEPLOYED, NEW, True),
        ("Succeeded", DEPLOYED, CURRENT, False),
        ("Succeeded", replace(HEAL, revisions=CURRENT), NEW, True),
        ("Succeeded", replace(DEPLOYED, resources=1), NEW, False),
        ("Succeeded", replace(DEPLOYED, dry_run=True), NEW, False),
        ("Failed", DEPLOYED, NEW, False),
    ],
)
def test_without_any_history_the_operation_that_was_found_tells_what_is_deployed(
    phase: str, found: Request, revisions: tuple[str, ...], counted: bool
) -> None:
    story = Story(replace(APPLICATION, history=(), state=state(phase, -60, -50, request=found)))

    story.start(0, replace(HEAL, revisions=revisions)).succeed(1, history=False).compare(1.1).rest()

    assert story.only.counted is counted


def test_a_self_heal_in_the_second_of_its_sync_is_an_operation_of_its_own() -> None:
    story = Story().start(0).succeed(0.5)

    story.see(0.6, request=HEAL, state=None).see(0.7, state=state("Running", 0, request=HEAL))
    story.see(0.8, request=None, state=state("Succeeded", 0, 0, request=HEAL)).compare(1).rest()

    assert {key.heals: finding.counted for key, finding in story.records.items()} == {0: True, 1: False}
    assert story.statuses == [Status.COMPLETED, Status.COMPLETED]


def test_such_a_self_heal_is_told_apart_even_if_its_request_was_not_seen() -> None:
    story = Story().start(0).succeed(0.5)

    story.see(0.8, state=state("Succeeded", 0, 0, request=HEAL)).compare(1).rest()

    assert {key.heals for key in story.records} == {0, 1}


def test_such_a_self_heal_does_not_hide_a_sync_that_nobody_saw() -> None:
    story = Story()

    ended = state("Succeeded", 0, 0, request=HEAL)
    story.see(5, state=ended, reconciled_at=at(1), history=(*APPLICATION.history, entry(6, 0, NEW, ended=0))).rest()

    assert {key.heals: finding.status for key, finding in story.records.items()} == {
        0: Status.UNKNOWN,
        1: Status.COMPLETED,
    }


def test_what_took_longer_than_its_second_was_not_healed_in_it() -> None:
    """A direct sync over the state of a self-heal, of which only the end was seen: the heal shines through."""
    story = Story()

    ended = state("Succeeded", 0, 2, request=HEAL)
    story.see(5, state=ended, reconciled_at=at(3), history=(*APPLICATION.history, entry(6, 0, NEW, ended=2))).rest()

    assert {key.heals: (finding.status, finding.counted) for key, finding in story.records.items()} == {
        0: (Status.COMPLETED, True),
    }


def heal_the_whole(story: Story, seen: str) -> Story:
    """A self-heal with no resource out of sync, of which one watch sees more than the other."""
    running, ended = state("Running", 100, request=WHOLE_HEAL), state("Succeeded", 100, 101, request=WHOLE_HEAL)
    history = (*story.snapshot.history, entry(7, 100, NEW))
    if seen in ("all", "no end"):
        story.see(100, request=WHOLE_HEAL, state=None).see(100.1, state=running)
    if seen in ("all", "entry"):
        story.see(100.9, request=WHOLE_HEAL, state=running, history=history)
    if seen == "no end":
        return story.see(200, request=None, state=running, history=history)
    return story.see(101, request=None, state=ended, history=history)


@pytest.mark.parametrize("seen", ["all", "entry", "end", "no end"])
def test_a_self_heal_of_the_whole_application_is_one_record_with_its_history_entry(seen: str) -> None:
    story = heal_the_whole(Story().start(0).succeed(1).compare(1.1), seen).compare(210).rest()

    heal = story.records[Key(at(100), 1)]
    assert story.records.keys() == {Key(at(0)), Key(at(100), 1)}
    assert (heal.status, heal.counted, heal.operation.history_id) == (Status.COMPLETED, False, 7)
    assert heal.operation.finished_at == at(101)
    assert story.gaps == []


@pytest.mark.parametrize("seen", ["all", "entry", "end", "no end"])
def test_a_self_heal_of_the_whole_application_with_a_new_revision_counts(seen: str) -> None:
    story = heal_the_whole(Story(), seen).compare(210).rest()

    assert (story.only.operation.key, story.only.counted) == (Key(at(100), 1), True)


def test_a_self_heal_of_the_whole_application_that_is_not_recorded_is_not_found_in_history_either() -> None:
    story = heal_the_whole(Story(policy=Policy(track_partial=False)).start(0).succeed(1), "all").compare(102).rest()

    assert story.records.keys() == {Key(at(0))}


def test_a_self_heal_of_the_whole_application_in_the_second_of_its_sync_leaves_it_its_entry() -> None:
    story = Story().start(0).succeed(0.5).see(0.6, request=WHOLE_HEAL, state=None)

    history = (*story.snapshot.history, entry(7, 0, NEW))
    story.see(0.7, state=state("Running", 0, request=WHOLE_HEAL)).see(0.75, history=history)
    story.see(0.8, request=None, state=state("Succeeded", 0, 0, request=WHOLE_HEAL)).compare(1).rest()

    assert {key.heals: finding.operation.history_id for key, finding in story.records.items()} == {0: 6, 1: None}
    assert story.statuses == [Status.COMPLETED, Status.COMPLETED]


def test_partial_operations_can_be_left_out() -> None:
    story = Story(policy=Policy(track_partial=False)).start(0, SELECTED).succeed(1).compare(1.1).rest()

    story.start(100, replace(HEAL, revisions=CURRENT)).succeed(101).compare(101.1).rest()

    assert story.findings == []


def test_an_application_can_ask_to_leave_them_out() -> None:
    story = Story(None).see(-30, tuning=Tuning(track_partial=False)).start(0, SELECTED).succeed(1).rest()

    assert story.findings == []


def test_an_ignored_application_gives_no_new_records() -> None:
    story = Story(None).see(-30, tuning=Tuning(ignored=True)).start(0).succeed(1).compare(1.1).rest()

    story.see(200, tuning=Tuning()).rest()

    assert story.findings == []


def test_what_is_open_when_an_application_becomes_ignored_is_still_awaited() -> None:
    story = Story().start(0).see(1, tuning=Tuning(ignored=True)).succeed(2).compare(2.1).rest()

    assert story.only.status is Status.COMPLETED


def test_names_are_taken_once_so_that_a_record_keeps_them() -> None:
    story = Story().start(0)

    renamed = replace(APPLICATION.subject, product="other", environment="elsewhere")
    story.see(1, subject=renamed).succeed(2).compare(2.1).rest()

    assert story.only.operation.subject == APPLICATION.subject


def test_retries_shown_without_a_retry_strategy_are_left_overs() -> None:
    story = Story().start(0, ALICE).succeed(2, retries=3).compare(2.1).rest()

    assert story.only.operation.retries == 0


def test_the_result_not_the_request_says_what_was_deployed() -> None:
    story = Story().start(0).succeed(2, revisions=NEWER).compare(2.1).rest()

    assert story.only.operation.result.revisions == NEWER


def test_history_says_it_where_the_result_is_lost() -> None:
    story = Story().start(0)
    story.see(1.9, history=(*APPLICATION.history, entry(6, 0, NEW)))

    story.see(2, request=None, state=state("Succeeded", 0, 2, revisions=())).compare(2.1).rest()

    assert story.only.operation.result.revisions == NEW
    assert story.only.operation.history_id == 6
