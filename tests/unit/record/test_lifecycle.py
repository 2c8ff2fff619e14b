"""What a report does to its record, as a table."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.event import events
from deploytrail.record.identity import quanta_series
from deploytrail.record.lifecycle import Advance, Contradict, Create, Same, decide
from deploytrail.record.model import Annotation, AnyReport, Build, Links, R, Repeat, Report, Source, Status
from tests.reports import NOON, build, note, report

SERIES = quanta_series(key="shop", kind="comment", content="", window=timedelta(0))
LATER = NOON + timedelta(minutes=5)
EARLIER = NOON - timedelta(minutes=5)


def record_of(*reports: AnyReport[R]) -> R:
    current: R | None = None
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


def test_c087_a_duration_is_measured_from_the_first_start_that_was_told() -> None:
    first = report(status=Status.STARTED, started_at=NOON)
    again = report(status=Status.STARTED, at=LATER, started_at=LATER, content="progress")

    done = record_of(first, again, report(at=LATER, started_at=None, finished_at=LATER))

    assert done.duration == timedelta(minutes=5)


def test_c089_a_start_told_late_still_gives_the_duration() -> None:
    done = record_of(
        report(started_at=None, finished_at=LATER), report(status=Status.STARTED, at=NOON, started_at=NOON)
    )

    assert (done.status, done.duration) == (Status.COMPLETED, timedelta(minutes=5))


def test_a_start_after_the_end_is_a_wrong_clock_and_gives_no_duration() -> None:
    started = report(status=Status.STARTED, started_at=LATER)

    done = record_of(started, report(at=LATER, started_at=None, finished_at=NOON))

    assert (done.status, done.started_at, done.finished_at) == (Status.COMPLETED, None, NOON)
    assert len(done.tellings) == 2


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        ("abc123", "abc123def456", "abc123def456"),
        ("abc123def456", "abc123", "abc123def456"),
        ("abc123", None, "abc123"),
    ],
)
def test_c104_c108_a_commit_is_spelt_out_and_never_cut(before: str, now: str | None, kept: str) -> None:
    done = record_of(build(status=Status.STARTED, commit=before), build(at=LATER, commit=now))

    assert done.commit == kept


def test_of_two_commits_a_deployment_takes_the_leading_and_a_build_keeps_its_own() -> None:
    deployed = record_of(report(status=Status.STARTED, commit="abc123"), report(at=LATER, commit="def456"))
    built = record_of(build(status=Status.STARTED, commit="abc123"), build(at=LATER, commit="def456"))

    assert (deployed.commit, built.commit) == ("def456", "abc123")


def test_a_conflict_of_versions_stays_marked() -> None:
    marked = report(status=Status.STARTED).model_copy(update={"version_conflict": "abc123"})

    assert record_of(marked, report(at=LATER)).version_conflict == "abc123"


def test_c095_a_build_has_states_like_a_deployment_and_no_environment() -> None:
    done = record_of(build(status=Status.STARTED, built_by="ci"), build(status=Status.FAILED, at=LATER))

    assert isinstance(done, Build)
    assert (done.status, done.built_by, done.event_type) == (Status.FAILED, "ci", "build.failed")
    assert [status for status, _ in done.history] == [Status.STARTED, Status.FAILED]
    assert not hasattr(done, "environment")


def test_c171_an_annotation_is_kept_as_it_was_said() -> None:
    kept = record_of(note(SERIES, 'd\u00e9ploy\u00e9 "42"\n'))

    assert isinstance(kept, Annotation)
    assert (kept.content, kept.event_type) == ('d\u00e9ploy\u00e9 "42"\n', "annotation.comment")
    assert not hasattr(kept, "counted")


def test_c076_there_are_ten_event_types_and_unknown_for_deployments() -> None:
    deployments = {record_of(report(status=status)).event_type for status in Status}
    builds = {record_of(build(status=status)).event_type for status in Status if status is not Status.UNKNOWN}

    assert deployments == {f"deployment.{status}" for status in Status}
    assert builds == {f"build.{status}" for status in Status if status is not Status.UNKNOWN}


def told_by(source: Source, status: Status, repeat: Repeat, **more: Any) -> Report:
    return report(status=status, repeat=repeat, source=source, content=f"{source}{status}", **more)


WATCHED = [(Status.COMPLETED, Repeat.KEEP), (Status.FAILED, Repeat.KEEP), (Status.UNKNOWN, Repeat.KEEP)]


@pytest.mark.parametrize(("status", "repeat"), WATCHED)
@pytest.mark.parametrize("said", [Status.COMPLETED, Status.FAILED])
def test_a_verdict_that_was_told_second_hand_gives_way_to_that_of_the_watch(
    status: Status, repeat: Repeat, said: Status
) -> None:
    hearsay = told_by(Source.ARGOCD_NOTIFICATIONS, said, Repeat.YIELD, at=LATER, finished_at=LATER, settled_at=LATER)
    watched = told_by(Source.ARGOCD, status, repeat, finished_at=NOON, reason="seen", counted=False)

    after = record_of(hearsay, watched)

    assert (after.status, after.reason, after.counted) == (status, "seen", False)
    assert (after.finished_at, after.settled_at) == (NOON, None)
    assert record_of(watched, hearsay) == record_of(watched)
    assert [event.type for event in events(after)][-1] == f"deployment.{status.value}"


def test_the_second_verdict_of_the_watch_changes_nothing() -> None:
    first = record_of(told_by(Source.ARGOCD_NOTIFICATIONS, Status.FAILED, Repeat.YIELD))
    second = decide(first, told_by(Source.ARGOCD, Status.COMPLETED, Repeat.KEEP)).record

    assert decide(second, told_by(Source.ARGOCD, Status.FAILED, Repeat.KEEP)) == Same(second)


def test_a_state_that_is_no_verdict_and_one_for_want_of_a_better_change_no_verdict() -> None:
    told = record_of(told_by(Source.ARGOCD_NOTIFICATIONS, Status.COMPLETED, Repeat.YIELD))

    assert decide(told, told_by(Source.ARGOCD, Status.STARTED, Repeat.KEEP)) == Same(told)
    assert decide(told, told_by(Source.ARGOCD, Status.UNKNOWN, Repeat.YIELD)) == Same(told)
    assert decide(told, told_by(Source.ARGOCD_NOTIFICATIONS, Status.FAILED, Repeat.YIELD)) == Same(told)


@pytest.mark.parametrize("reached", [Status.STARTED, Status.COMPLETED, Status.FAILED])
def test_a_note_is_kept_and_tells_what_nobody_else_did(reached: Status) -> None:
    before = record_of(told_by(Source.ARGOCD, reached, Repeat.KEEP, commit="a" * 40, images=("web:1",)))
    note = told_by(Source.VIBEMONITOR, Status.ABORTED, Repeat.NOTE, commit="b" * 40, branch="main", finished_at=LATER)

    after = decide(before, note).record

    assert (after.status, after.finished_at, after.history) == (before.status, before.finished_at, before.history)
    assert (after.commit, after.branch, after.images) == ("a" * 40, "main", ("web:1",))
    assert (after.tellings[-1].raw_status, after.tellings[-1].status) == ("aborted", reached)
    assert decide(after, note) == Same(after)
