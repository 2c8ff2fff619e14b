"""What is announced of a record, and that the record remembers all of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.event import Event, events, news
from deploytrail.record.identity import quanta_series
from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.model import AnnotationType, AnyReport, Status
from tests.reports import NOON, build, note, report
from tests.telling import PAUSES, Told, reports

PENDING, STARTED, COMPLETED, FAILED = Status.PENDING, Status.STARTED, Status.COMPLETED, Status.FAILED
MINUTE = timedelta(minutes=1)


def announced(*told: AnyReport[Any]) -> tuple[Any, list[Event]]:
    """The record of some reports, and the news of each as it came."""
    record, heard = None, []
    for each in told:
        decision = decide(record, each)
        if isinstance(decision, Create | Advance):
            event = news(decision.record, was=record.status if record is not None else None)
            heard += [event] if event is not None else []
            record = decision.record
    return record, heard


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([COMPLETED], [("deployment.completed", 0)]),
        ([PENDING, STARTED, FAILED], [("deployment.pending", 0), ("deployment.started", 1), ("deployment.failed", 2)]),
        ([STARTED, STARTED, COMPLETED], [("deployment.started", 0), ("deployment.completed", 2)]),
        ([COMPLETED, STARTED], [("deployment.completed", 0)]),
        (
            [COMPLETED, FAILED, COMPLETED],
            [("deployment.completed", 0), ("deployment.failed", 1), ("deployment.completed", 2)],
        ),
    ],
    ids=["at once", "state by state", "a state told twice", "a late state", "there and back"],
)
def test_every_change_of_status_is_announced(told: list[Status], expected: list[tuple[str, int]]) -> None:
    record, heard = announced(*(report(status=status, at=NOON + n * MINUTE) for n, status in enumerate(told)))

    assert [(event.type, event.position) for event in heard] == expected
    assert events(record) == tuple(heard)
    assert {event.record_id for event in heard} == {record.id}


def test_builds_and_notes_have_types_of_their_own() -> None:
    series = quanta_series(key="shop", kind="cron", content="", window=MINUTE)

    _, of_build = announced(build(status=FAILED))
    _, of_note = announced(note(series, kind=AnnotationType.CRON))

    assert [(event.type, event.kind) for event in of_build] == [("build.failed", "build")]
    assert [(event.type, event.kind) for event in of_note] == [("annotation.cron", "annotation")]


@given(st.lists(st.tuples(reports(), PAUSES), min_size=1, max_size=12))
def test_whatever_is_told_a_record_remembers_its_events(story: list[tuple[Told, timedelta]]) -> None:
    now, told = NOON, dict[tuple[type, str], list[AnyReport[Any]]]()
    for made, pause in story:
        now += pause
        each = made(now, "")
        told.setdefault((each.makes, each.id), []).append(each)

    for of_one in told.values():
        record, heard = announced(*of_one)
        assert events(record) == tuple(heard)
