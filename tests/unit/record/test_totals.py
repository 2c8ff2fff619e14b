"""What a deployment adds to the totals, and what its changes do."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Deployment, Status
from deploytrail.record.totals import BOUNDS, Place, counts_of, difference, tally
from tests.reports import NOON, report


def made(**changes: Any) -> Deployment:
    return decide(None, report(**changes)).record


def lasting(seconds: float, **changes: Any) -> Deployment:
    return made(started_at=NOON - timedelta(seconds=seconds), finished_at=NOON, **changes)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0, 0), (5, 0), (5.5, 1), (60, 3), (60.001, 4), (BOUNDS[-1], len(BOUNDS) - 1), (BOUNDS[-1] + 1, len(BOUNDS))],
)
def test_a_duration_is_counted_up_to_the_bound_that_it_does_not_exceed(seconds: float, bucket: int) -> None:
    assert counts_of(lasting(seconds)) == {"completed": 1, "seconds": round(seconds), f"took-{bucket}": 1}


def test_only_what_ended_took_time() -> None:
    assert counts_of(made(status=Status.STARTED)) == {"started": 1}
    assert counts_of(made(started_at=None, finished_at=NOON)) == {"completed": 1}


def test_what_was_missed_is_counted() -> None:
    assert counts_of(made(missed_before=3, finished_at=None))["missed"] == 3


def test_a_change_is_the_difference() -> None:
    started, failed = made(status=Status.STARTED), lasting(10, status=Status.FAILED)

    assert difference(None, started) == {"started": 1}
    assert difference(started, failed) == {"started": -1, "failed": 1, "seconds": 10, "took-1": 1}
    assert difference(failed, failed) == {}


def test_places_are_counted_apart() -> None:
    totals: dict[Place, dict[str, int]] = {}

    tally(totals, [made(), made(), made(environment="staging"), made(product="cart", status=Status.PENDING)])

    assert {place: counts.get("completed", 0) for place, counts in totals.items()} == {
        Place("web", "production"): 2,
        Place("web", "staging"): 1,
        Place("cart", "production"): 0,
    }
