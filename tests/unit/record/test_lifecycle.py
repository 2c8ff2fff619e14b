"""What a report does to its record, as a table."""

from datetime import timedelta

import pytest

from deploytrail.record.lifecycle import Advance, Contradict, Create, Same, decide
from deploytrail.record.model import Deployment, Links, Repeat, Report, Status
from tests.reports import NOON, report

LATER = NOON + timedelta(minutes=5)
EARLIER = NOON - timedelta(minutes=5)


def record_of(*reports: Report) -> Deployment:
    current: Deployment | None = None
    for each in reports:
        current = decide(current, each).record
    assert current is not None
    return current


def test_the_first_report_creates_the_record_with_everything_it_says() -> None:
    told = report(commit="a" * 40, images=("web:1",), finished_at=NOON, reason="why")

    decision = decide(None, told)

    assert isinstance(decision, Create)
    made = decision.record
    assert (made.id, made.status, made.commit, made.images) == (told.id, Status.COMPLETED, "a" * 40, ("web:1",))
    assert made.duration == timedelta(minutes=1)
    assert made.tellings == (told.telling,)


@pytest.mark.parametrize("repeat", list(Repeat))
def test_the_same_report_again_is_the_same_whatever_the_rule(repeat: Repeat) -> None:
    first = record_of(report(repeat=repeat))

    decision = decide(first, report(repeat=repeat))

    assert decision == Same(first)


@pytest.mark.parametrize(
    ("told_before", "told_now", "status"),
    [
        (Status.PENDING, Status.STARTED, Status.STARTED),
        (Status.PENDING, Status.COMPLETED, Status.COMPLETED),
        (Status.STARTED, Status.FAILED, Status.FAILED),
        (Status.STARTED, Status.PENDING, Status.STARTED),
        (Status.COMPLETED, Status.STARTED, Status.COMPLETED),
        (Status.COMPLETED, Status.PENDING, Status.COMPLETED),
        (Status.COMPLETED, Status.FAILED, Status.FAILED),
    ],
)
def test_a_status_never_moves_back(told_before: Status, told_now: Status, status: Status) -> None:
    before = record_of(report(status=told_before))

    decision = decide(before, report(status=told_now, at=LATER))

    assert isinstance(decision, Advance)
    assert decision.record.status is status
    assert [t.status for t in decision.record.tellings] == [told_before, told_now]


def test_of_two_verdicts_the_newer_event_time_leads() -> None:
    before = record_of(report(status=Status.FAILED, at=LATER))

    decision = decide(before, report(status=Status.COMPLETED, at=EARLIER))

    assert decision.record.status is Status.FAILED
    assert decision.record.history == ((Status.COMPLETED, EARLIER), (Status.FAILED, LATER))


def test_a_state_that_is_told_again_is_not_reached_again() -> None:
    before = record_of(report(status=Status.STARTED, at=EARLIER))

    again = decide(before, report(status=Status.STARTED, at=NOON, content="now with its end")).record
    done = decide(again, report(status=Status.COMPLETED, at=LATER)).record

    assert len(done.tellings) == 3
    assert done.history == ((Status.STARTED, EARLIER), (Status.COMPLETED, LATER))


def test_a_kept_verdict_is_not_touched_by_a_second_one() -> None:
    before = record_of(report(status=Status.FAILED, repeat=Repeat.KEEP))

    decision = decide(before, report(status=Status.COMPLETED, repeat=Repeat.KEEP, at=LATER))

    assert decision == Same(before)


def test_a_sender_that_promised_one_report_is_contradicted() -> None:
    before = record_of(report(repeat=Repeat.CONFLICT))

    decision = decide(before, report(repeat=Repeat.CONFLICT, content="other"))

    assert decision == Contradict(before)


def test_a_later_state_adds_what_it_knows_and_forgets_nothing() -> None:
    started = report(status=Status.STARTED, deployed_by="alice", links=Links(build="b"), metadata={"a": 1})

    done = record_of(started, report(at=LATER, commit="abc123", links=Links(logs="l"), metadata={"b": 2}))

    assert (done.deployed_by, done.commit) == ("alice", "abc123")
    assert done.links == Links(build="b", logs="l")
    assert done.metadata == {"a": 1, "b": 2}


def test_a_late_state_only_fills_gaps() -> None:
    done = record_of(report(commit="new"))

    decision = decide(done, report(status=Status.STARTED, at=EARLIER, commit="old", branch="main"))

    assert (decision.record.commit, decision.record.branch) == ("new", "main")


def test_a_record_keeps_its_place_though_rules_change() -> None:
    started = record_of(report(status=Status.STARTED))

    decision = decide(started, report(at=LATER, product="renamed", environment="elsewhere"))

    assert (decision.record.product, decision.record.environment) == ("web", "production")


def test_a_duration_is_unknown_not_zero_without_a_start() -> None:
    assert record_of(report(started_at=None, finished_at=NOON)).duration is None
