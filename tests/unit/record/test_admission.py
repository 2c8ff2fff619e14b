"""What holds for every report."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.errors import Rejected
from deploytrail.record.admission import LONGEST_CONTENT, LONGEST_NAME, LONGEST_TEXT, MOST_ITEMS, admit
from deploytrail.record.identity import quanta_series
from deploytrail.record.model import Links, Status
from tests.reports import NOON, build, note, report


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"product": "x" * (LONGEST_NAME + 1)}, "product is longer than 512 characters"),
        ({"environment": "x" * (LONGEST_NAME + 1)}, "environment is longer than 512 characters"),
        ({"branch": "x" * (LONGEST_TEXT + 1)}, "branch is longer than 4096 characters"),
        ({"images": ("i",) * (MOST_ITEMS + 1)}, "images has more than 1000 items"),
        ({"images": ("x" * (LONGEST_TEXT + 1),)}, "images is longer than 4096 characters"),
        ({"links": Links(ui="x" * (LONGEST_TEXT + 1))}, "links.ui is longer than 4096 characters"),
        ({"started_at": NOON + timedelta(seconds=1), "finished_at": NOON}, "Start time cannot be after end time"),
        (
            {"started_at": NOON + timedelta(days=2)},
            "started_at 2026-03-04T12:00:00Z lies in the future (it is 2026-03-02T12:00:00Z)",
        ),
    ],
)
def test_a_report_that_can_never_be_right_is_refused_with_a_sentence(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Rejected) as refusal:
        admit(report(**told), now=NOON)

    assert refusal.value.message == sentence


def test_a_report_at_the_limits_passes_unchanged() -> None:
    told = report(
        product="x" * LONGEST_NAME,
        branch="x" * LONGEST_TEXT,
        images=("i",) * MOST_ITEMS,
        started_at=NOON + timedelta(hours=23),
        finished_at=NOON + timedelta(hours=23),
    )

    assert admit(told, now=NOON) is told


def test_a_build_is_never_unknown() -> None:
    with pytest.raises(Rejected, match="cannot be unknown") as refusal:
        admit(build(status=Status.UNKNOWN), now=NOON)

    assert (refusal.value.reason, refusal.value.field) == ("invalid-status", "status")


def test_a_note_may_be_long_but_not_a_book() -> None:
    series = quanta_series(key="shop", kind="comment", content="", window=timedelta(0))

    admit(note(series, "x" * LONGEST_CONTENT), now=NOON)
    with pytest.raises(Rejected, match="content is longer than 65536 characters"):
        admit(note(series, "x" * (LONGEST_CONTENT + 1)), now=NOON)
