"""When an operation that succeeded is believed to be a success, a failure, or neither."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.model import Status
from deploytrail.record.rollout import Finding, Policy, observe
from deploytrail.record.rollout.snapshot import Request, Tuning
from deploytrail.record.rollout.state import Key
from tests.unit.record.rollout.story import ALICE, APPLICATION, NEWER, Story, at, state

HEAL = Request(automated=True, revisions=NEWER, resources=1, heals=1)


def synced(**changes: Any) -> Story:
    """Started at 0, ended at 2, compared again at 2."""
    return Story().start(0, **changes).succeed(2).compare(2.1)


def test_an_operation_is_recorded_when_it_starts_and_when_it_ended() -> None:
    story = synced()

    assert [finding.status for finding in story.findings] == [Status.STARTED, Status.STARTED]
    assert [finding.operation.finished_at for finding in story.findings] == [None, at(2)]


def test_a_health_that_never_changed_is_believed_after_the_settle_time() -> None:
    story = synced()

    assert story.wake_at == at(32)
    assert story.wait_until(31).only.status is Status.STARTED
    assert story.wait_until(32).only.status is Status.COMPLETED
    assert story.only.settled_at is None


def test_a_health_that_changed_is_believed_after_it_held() -> None:
    story = synced().see(3, health="Progressing").see(40.5, health="Healthy")

    assert story.wait_until(45).only.status is Status.STARTED
    assert story.wait_until(46).only.status is Status.COMPLETED
    assert story.only.settled_at == at(40)


def test_healthy_for_an_instant_between_missing_and_progressing_is_not_believed() -> None:
    story = synced().see(2.2, health="Missing").see(2.3, health="Healthy").see(2.5, health="Progressing")

    story.wait_until(60)

    assert story.only.status is Status.STARTED


def test_two_flips_within_one_second_share_a_transition_time_and_are_still_two_flips() -> None:
    story = synced().see(10.1, health="Progressing").see(10.6, health="Healthy", health_changed_at=at(10))

    assert story.wake_at == at(15.6)


def test_a_flip_that_nobody_saw_counts_from_argo_cds_own_time() -> None:
    story = synced().see(20, health_changed_at=at(12))

    assert story.only.status is Status.COMPLETED
    assert story.only.settled_at == at(12)


def test_a_transition_in_the_second_of_the_start_may_be_from_before_it() -> None:
    story = Story().start(0).succeed(2)

    story.see(2.1, health_changed_at=at(0), reconciled_at=at(2))

    assert story.wake_at == at(32)
    assert story.rest().only.settled_at == at(0)


def test_without_a_transition_time_the_settle_time_is_waited() -> None:
    story = Story(None)
    story.see(-30, health_changed_at=None).start(0).succeed(2).compare(2.1)

    assert story.wake_at == at(32)


@pytest.mark.parametrize("health", ["Progressing", "Missing", "Suspended", "Unknown"])
def test_any_other_health_waits_for_the_deadline_and_is_unknown(health: str) -> None:
    story = synced().see(3, health=health)

    assert story.wait_until(3601).only.status is Status.STARTED
    assert story.rest().only.status is Status.UNKNOWN
    assert story.only.reason == f"no verdict within 1h: health is {health}"
    assert not story.only.counted
    assert story.only.operation.finished_at == at(2)


def test_suspended_that_goes_on_before_the_deadline_is_a_success() -> None:
    story = synced().see(3, health="Suspended").see(3000, health="Progressing").see(3100, health="Healthy")

    assert story.rest().only.status is Status.COMPLETED


def test_degraded_that_holds_is_a_failure() -> None:
    story = synced().see(3, health="Progressing").see(600, health="Degraded")

    assert story.wait_until(604).only.status is Status.STARTED
    assert story.wait_until(605).only.status is Status.FAILED
    assert story.only.counted
    assert story.only.settled_at == at(600)


def test_degraded_for_a_moment_is_not_a_failure() -> None:
    story = synced().see(3, health="Progressing").see(60, health="Degraded").see(63, health="Healthy")

    assert story.rest().only.status is Status.COMPLETED


def test_a_stale_degraded_follows_a_fix_and_gets_the_settle_time() -> None:
    story = Story()
    story.see(-20, health="Degraded").start(0).succeed(2).compare(2.1)

    assert story.wait_until(20).only.status is Status.STARTED
    assert story.see(25, health="Progressing").see(40, health="Healthy").rest().only.status is Status.COMPLETED


def test_degraded_that_nothing_changes_is_a_failure_after_the_settle_time() -> None:
    story = Story()
    story.see(-20, health="Degraded").start(0).succeed(2).compare(2.1)

    assert story.wait_until(32).only.status is Status.FAILED


def test_without_a_comparison_after_the_end_no_health_is_believed() -> None:
    story = Story().start(0).succeed(2)

    assert story.wait_until(600).only.status is Status.STARTED
    assert story.compare(601).only.status is Status.COMPLETED


def test_a_comparison_that_never_comes_leaves_it_unknown() -> None:
    story = Story().start(0).succeed(2).rest()

    assert story.only.status is Status.UNKNOWN
    assert story.only.reason == "no verdict within 1h: the application was not compared again after the sync"


def test_a_comparison_in_the_second_of_the_end_counts() -> None:
    story = Story().start(0).succeed(2.4).see(2.5, reconciled_at=at(2))

    assert story.wait_until(32).only.status is Status.COMPLETED


def test_the_comparison_has_to_be_seen_only_once() -> None:
    story = synced().see(3, health="Progressing").see(30, health="Healthy")

    assert story.wait_until(35).only.status is Status.COMPLETED


@pytest.mark.parametrize(("phase", "message"), [("Failed", "one task failed"), ("Error", "ComparisonError: x")])
def test_a_failed_operation_is_failed_at_once_without_any_comparison(phase: str, message: str) -> None:
    story = Story().start(0).fail(3, phase, message=message)

    assert story.only.status is Status.FAILED
    assert story.only.reason == f"{phase}: {message}"
    assert story.only.counted
    assert (story.only.operation.finished_at, story.only.settled_at) == (at(3), None)
    assert story.wake_at is None


def test_a_failed_postsync_hook_says_that_the_version_is_live() -> None:
    story = Story().start(0).fail(60, message="completed unsuccessfully", failed_hook="PostSync hook batch/Job/smoke")

    assert story.only.status is Status.FAILED
    assert story.only.reason == (
        "PostSync hook batch/Job/smoke failed; the new version is live nevertheless (Failed: completed unsuccessfully)"
    )


def test_a_failed_presync_hook_does_not() -> None:
    story = Story().start(0).fail(60, message="unsuccessful", failed_hook="PreSync hook batch/Job/migrate")

    assert story.only.reason == "PreSync hook batch/Job/migrate failed (Failed: unsuccessful)"


@pytest.mark.parametrize("phase", ["Failed", "Error"])
def test_a_terminated_operation_failed_and_does_not_count(phase: str) -> None:
    story = Story().start(0)
    story.see(5, state=state("Terminating", 0)).fail(6, phase, message="Operation terminated")

    assert story.only.status is Status.FAILED
    assert not story.only.counted
    assert story.only.reason == f"{phase}: Operation terminated; not counted: it was terminated"


def test_the_message_alone_tells_a_terminated_operation() -> None:
    story = Story().start(0).fail(6, message="Operation terminated (retried 1 times)")

    assert not story.only.counted


@pytest.mark.parametrize(
    ("during", "end", "counted"),
    [
        ("", "Operation terminated, triggered by controller sync timeout", True),
        ("", "Operation termination had errors, triggered by controller sync timeout (retried 1 times).", True),
        ("operation is terminating due to timeout", "Operation terminated", True),
        ("", "Operation termination had errors: cannot delete batch/Job: context deadline exceeded (timeout)", False),
        ("waiting for hook batch/Job/timeout", "Operation terminated", False),
    ],
)
def test_a_sync_timeout_is_a_failure_that_counts_and_a_persons_termination_is_not(
    during: str, end: str, counted: bool
) -> None:
    story = Story().start(0).see(5, state=state("Terminating", 0, message=during)).fail(6, message=end)

    assert (story.only.status, story.only.counted) == (Status.FAILED, counted)


@pytest.mark.parametrize(
    "left_over", ["Operation terminated", "Operation terminated, triggered by controller sync timeout"]
)
@pytest.mark.parametrize(
    ("phase", "end", "counted"), [("Failed", "no", True), ("Error", "Operation terminated", False)]
)
def test_what_an_older_operation_ended_with_says_nothing_of_a_direct_one(
    left_over: str, phase: str, end: str, counted: bool
) -> None:
    request = Request(username="ci-bot", revisions=NEWER)
    story = Story(replace(APPLICATION, state=state("Failed", -60, -50, message=left_over))).see(0, request=request)

    story.see(0.1, state=state("Running", 0, request=request, message=left_over)).fail(5, phase, message=end)

    assert (story.only.status, story.only.counted) == (Status.FAILED, counted)


def test_an_operation_that_succeeds_while_it_is_terminated_is_a_success() -> None:
    story = Story().start(0).see(5, state=state("Terminating", 0)).succeed(6).compare(6.1)

    assert story.rest().only.status is Status.COMPLETED
    assert story.only.counted


def test_between_retries_nothing_has_ended() -> None:
    retried = Request(automated=True, revisions=NEWER, retry_limit=5)
    story = Story().start(0, retried)
    story.see(1, state=state("Running", 0, 1, request=retried, retries=1, message="Retrying attempt #1"))
    story.wait_until(5000)

    assert story.statuses == [Status.STARTED]
    assert story.only.operation.finished_at is None

    story.succeed(6000, retries=1).compare(6000.1).rest()

    assert story.only.status is Status.COMPLETED
    assert story.only.operation.retries == 1
    assert story.records[Key(at(0))].operation.finished_at == at(6000)


def test_a_sync_window_may_hold_an_operation_for_days() -> None:
    story = Story().start(0)
    story.see(1, state=state("Running", 0, message="Sync operation blocked by sync window"))

    assert story.rest().only.status is Status.STARTED
    assert story.wake_at is None


def test_the_first_end_stays_whatever_comes_later() -> None:
    story = Story().start(0).fail(3)

    story.see(4, state=state("Running", 0)).see(5, state=state("Succeeded", 0, 5)).compare(6).rest()

    assert story.only.status is Status.FAILED
    assert len(story.findings) == 2


def test_a_success_is_not_reopened_by_a_late_degradation() -> None:
    story = synced().rest()

    story.see(20_000, health="Degraded").see(20_100, health="Healthy").rest()

    assert story.only.status is Status.COMPLETED
    assert len(story.findings) == 3


def test_succeeded_without_an_end_waits_for_the_deadline_and_has_none() -> None:
    story = Story().start(0).see(2, request=None, state=state("Succeeded", 0)).compare(3)

    assert story.wait_until(3601).only.status is Status.STARTED
    assert story.rest().only.status is Status.UNKNOWN
    assert story.only.operation.finished_at is None
    assert story.only.reason == "no verdict within 1h: Argo CD never said when it ended"


def test_an_end_that_is_told_later_is_taken() -> None:
    story = Story().start(0).see(2, request=None, state=state("Succeeded", 0))

    story.see(10, state=state("Succeeded", 0, 2)).compare(10.1).rest()

    assert story.only.status is Status.COMPLETED
    assert story.only.operation.finished_at == at(2)


def test_an_end_before_the_start_is_the_start() -> None:
    story = Story().start(0).see(2, request=None, state=state("Failed", 0, -5))

    assert story.only.operation.finished_at == at(0)


def test_the_applications_own_settle_and_deadline_go_before_the_policy() -> None:
    tuning = Tuning(settle=timedelta(minutes=2), deadline=timedelta(hours=6))
    story = Story(None).see(-30, tuning=tuning).start(0).succeed(2).compare(2.1)

    assert story.wake_at == at(122)
    assert story.see(3, health="Progressing").wake_at == at(2 + 6 * 3600)


def test_the_settle_time_is_never_shorter_than_the_hold() -> None:
    story = Story(policy=Policy(settle=timedelta(0))).start(0).succeed(2).compare(2.1)

    assert story.wake_at == at(7)


def test_a_direct_request_after_which_nothing_was_applied_is_not_a_success() -> None:
    story = Story().see(0, request=ALICE, sync_status="OutOfSync", sync_revisions=ALICE.revisions)
    story.see(0.3, state=state("Running", 0, request=ALICE, message="successfully synced (all tasks run)"))
    story.succeed(30, message="successfully synced (no more tasks)").compare(30.1).rest()

    assert story.only.status is Status.UNKNOWN
    assert story.only.reason == "Argo CD reports success, but the application stays OutOfSync at this very revision"


def test_a_direct_request_that_was_applied_is_a_success() -> None:
    story = Story().see(0, request=ALICE, sync_status="OutOfSync", sync_revisions=ALICE.revisions)
    story.see(0.3, state=state("Running", 0, request=ALICE, message="successfully synced (all tasks run)"))
    story.succeed(30, message="successfully synced (no more tasks)").compare(30.1).compare(31, sync_status="Synced")

    assert story.rest().only.status is Status.COMPLETED


@pytest.mark.parametrize(
    ("direct", "message"),
    [(True, "successfully synced (all tasks run)"), (False, "successfully synced (no more tasks)")],
)
def test_staying_out_of_sync_alone_is_no_doubt(*, direct: bool, message: str) -> None:
    behind = {"sync_status": "OutOfSync", "sync_revisions": ALICE.revisions}
    story = Story().see(0, request=ALICE, state=APPLICATION.state if direct else None, **behind)
    story.see(0.3, state=state("Running", 0, request=ALICE)).succeed(30, message=message).compare(30.1)

    assert story.rest().only.status is Status.COMPLETED


def test_what_was_due_before_an_event_is_judged_by_what_was_known_then() -> None:
    story = synced().see(3, health="Progressing").see(40, health="Healthy")
    assert story.rollout is not None

    worse = replace(story.snapshot, generation=99, health="Degraded", health_changed_at=at(60))
    step = observe(story.rollout, worse, at(60), Policy())

    assert [found.status for found in step.findings if isinstance(found, Finding)] == [Status.COMPLETED]


def test_the_same_event_again_finds_nothing() -> None:
    story = synced()

    findings = len(story.findings)
    story.see(2.2, generation=story.snapshot.generation)

    assert len(story.findings) == findings


def test_an_older_state_of_the_object_is_not_looked_at() -> None:
    story = synced().rest()

    story.see(100, generation=1, reconciled_at=APPLICATION.reconciled_at, request=ALICE, state=None)
    story.see(101, generation=2, state=state("Running", 100, request=ALICE))

    assert len(story.records) == 1


def test_an_object_restored_from_a_backup_is_looked_at_once_it_is_compared_again() -> None:
    story = synced().rest()

    story.see(100, generation=1, reconciled_at=at(100), request=ALICE, state=None)
    story.see(101, generation=2, state=state("Running", 100, request=ALICE))

    assert len(story.records) == 2
