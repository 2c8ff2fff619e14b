"""One record as two stores know it: nothing is lost, nothing reopened, and to merge again changes nothing."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.marks import marked
from deploytrail.record.merging import merged
from deploytrail.record.model import Deployment, Links, Mark, Status
from tests.reports import NOON, report

MINUTE = timedelta(minutes=1)


def told(*states: Status, begin: int = 0, **facts: Any) -> Deployment:
    """One deployment that was told these states, a minute apart."""
    record: Deployment | None = None
    for n, status in enumerate(states, begin):
        at = NOON + n * MINUTE
        decision = decide(record, report(status=status, at=at, finished_at=at if status.terminal else None, **facts))
        assert isinstance(decision, Create | Advance)
        record = decision.record
    assert record is not None
    return record


STARTED, COMPLETED, FAILED = Status.STARTED, Status.COMPLETED, Status.FAILED


def test_the_same_is_nothing_new() -> None:
    record = told(STARTED, COMPLETED)

    assert merged(record, record) is record


def test_an_earlier_state_of_it_is_nothing_new() -> None:
    record = told(STARTED, COMPLETED)

    assert merged(record, told(STARTED)) is record


def test_a_later_state_of_it_is_what_it_is() -> None:
    assert merged(told(STARTED), told(STARTED, COMPLETED)) == told(STARTED, COMPLETED)


def test_what_began_here_and_ended_there_has_begun_and_ended() -> None:
    began = told(STARTED, branch="main", deployed_by="alice")
    ended = told(COMPLETED, begin=5, started_at=None, links=Links(logs="https://logs.example.com"))

    for record in (merged(began, ended), merged(ended, began)):
        assert record.status is COMPLETED
        assert record.started_at == began.started_at
        assert record.finished_at == ended.finished_at
        assert (record.branch, record.deployed_by) == ("main", "alice")
        assert record.links.logs == "https://logs.example.com"
        assert {state for state, _ in record.history} == {STARTED, COMPLETED}


def test_an_end_is_never_reopened() -> None:
    ended, running = told(COMPLETED), told(STARTED, begin=9)

    assert merged(ended, running).status is COMPLETED
    assert merged(running, ended).status is COMPLETED


def test_of_two_ends_the_newer_one_holds() -> None:
    first, second = told(COMPLETED), told(FAILED, begin=3, counted=False)

    for record in (merged(first, second), merged(second, first)):
        assert (record.status, record.counted, record.finished_at) == (FAILED, False, second.finished_at)


def test_a_record_keeps_its_place_and_its_reports_theirs() -> None:
    here, there = told(FAILED, begin=3), told(STARTED)

    record = merged(here, there)

    assert record.created_at == here.created_at
    assert [telling.status for telling in record.tellings] == [FAILED, STARTED]


def test_the_longer_spelling_of_a_commit_is_kept() -> None:
    assert merged(told(STARTED, commit="abc123def"), told(COMPLETED, begin=1, commit="abc123")).commit == "abc123def"


def test_what_people_said_is_kept_from_both_in_order() -> None:
    record = told(COMPLETED)
    first, second = (Mark(at=NOON + n * MINUTE, by="alice", comment=str(n)) for n in (1, 2))
    here, there = marked(record, second), marked(record, first)

    both = merged(here, there)

    assert both.marks == (first, second)
    assert both.updated_at == second.at
    assert merged(both, there) is both


STATES = st.lists(st.sampled_from(list(Status)), min_size=1, max_size=4)


@given(STATES, STATES, st.integers(0, 4), st.integers(0, 4))
def test_nothing_is_lost_and_a_second_time_changes_nothing(
    here: list[Status], there: list[Status], begin: int, other: int
) -> None:
    one, two = told(*here, begin=begin), told(*there, begin=other)

    both, turned = merged(one, two), merged(two, one)

    heard = {telling.fingerprint for telling in (*one.tellings, *two.tellings)}
    assert sorted(telling.fingerprint for telling in both.tellings) == sorted(heard)
    assert both.status.rank == max(one.status.rank, two.status.rank)
    assert merged(both, two) is both
    assert merged(both, one) is both
    assert both.status == turned.status or one.status.rank == two.status.rank
