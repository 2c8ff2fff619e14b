"""Which records may go, by cases."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.identity import quanta_series
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import AnyReport, ApplicationRef, R, Record, Status
from deploytrail.record.retention import Retention, Why, expired
from tests.reports import NOON, build, note, report

DAY = timedelta(days=1)
NOW = NOON + 100 * DAY
BY_AGE, BY_COUNT = Retention(age=30 * DAY), Retention(count=2)


def made(told: AnyReport[R]) -> R:
    return decide(None, told).record


def deployed(day: int, *, status: Status = Status.COMPLETED, **facts: Any) -> Record:
    """A deployment that was heard of on this day; named by it."""
    return made(report(f"d{day:02}", status=status, at=NOON + day * DAY, finished_at=NOON + day * DAY, **facts))


def days(records: Sequence[Record], rule: Retention) -> list[int]:
    """The days of those that may go, in their order."""
    return [int(each.id[1:3]) for each in expired(records, rule, now=NOW)]


def test_what_is_older_goes_oldest_first() -> None:
    records = [deployed(day) for day in (75, 71, 10, 50, 69)]

    assert days(records, BY_AGE) == [10, 50, 69]


def test_what_is_beyond_the_count_of_its_place_goes() -> None:
    here = [deployed(day) for day in (1, 3, 5, 7)]
    elsewhere = [deployed(day, environment="staging") for day in (2, 4)]

    assert days([*elsewhere, *here], BY_COUNT) == [1, 3]
    assert {each.why for each in expired(here, BY_COUNT, now=NOW)} == {Why.COUNT}


def test_without_a_rule_nothing_goes() -> None:
    assert days([deployed(day) for day in range(20)], Retention()) == []
    assert Retention().keeps_all


@pytest.mark.parametrize("status", [Status.PENDING, Status.STARTED])
def test_what_is_open_stays(status: Status) -> None:
    records = [deployed(1, status=status), *(deployed(day, status=Status.FAILED) for day in (2, 3, 4, 5))]

    assert days(records, Retention(age=DAY, count=1)) == [2, 3, 4, 5]


def test_what_was_open_for_long_is_not_old_when_it_ends() -> None:
    long = made(report("d01", status=Status.FAILED, at=NOON, finished_at=NOW - DAY))

    assert days([long], BY_AGE) == []


def test_what_runs_now_stays_however_old() -> None:
    records = [deployed(day) for day in (1, 2)] + [deployed(day, status=Status.FAILED) for day in (3, 4)]

    assert days(records, Retention(age=30 * DAY, count=1)) == [1, 3, 4]


def test_a_partial_success_is_not_what_runs() -> None:
    records = [deployed(1), deployed(2, partial=True)]

    assert days(records, BY_AGE) == [2]


def test_of_successes_that_ended_at_once_one_runs() -> None:
    tied = [deployed(1).model_copy(update={"id": f"d0{n}"}) for n in (1, 2, 3)]

    assert days(tied, BY_AGE) == [1, 2]


def test_what_runs_is_told_by_the_end_not_by_when_it_was_heard_of() -> None:
    recovered = made(
        report("d09", status=Status.COMPLETED, at=NOON, received_at=NOON + 9 * DAY, finished_at=NOON + 1 * DAY)
    )

    assert days([recovered, deployed(5)], BY_AGE) == [9]


def test_the_newest_of_an_application_stays_for_its_tracker() -> None:
    one, other = (ApplicationRef(namespace="argocd", name="web", uid=uid) for uid in ("one", "other"))
    failed = [deployed(day, status=Status.FAILED, application=one) for day in (1, 2, 3)]
    before = [deployed(day, status=Status.FAILED, application=other) for day in (4, 5)]

    assert days([*failed, *before], BY_AGE) == [1, 2, 4]


def test_builds_and_annotations_go_by_product() -> None:
    series = quanta_series(key="shop", kind="comment", content="", window=timedelta(0))
    builds = [made(build(f"run-{n}", at=NOON + n * DAY)) for n in range(4)]
    other = made(build("run-9", product="shop"))
    notes = [made(note(series, at=NOON + n * DAY)).model_copy(update={"id": f"note-{n}"}) for n in range(3)]

    gone = expired([*builds, other, *notes], BY_COUNT, now=NOW)

    assert [each.id for each in gone] == ["note-0", builds[0].id, builds[1].id]
    assert [each.type.__name__ for each in gone if each.id == "note-0"] == ["Annotation"]
