"""Since when somebody has recorded, also where a history of months was told later."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from deploytrail.record.dora.question import Question
from deploytrail.serve.watched import watched_from
from deploytrail.stores.memory import MemoryStore
from tests.reports import report

BEGAN = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "told", "expected"),
    [
        (date(2026, 3, 20), [], date(2026, 3, 20)),
        (date(2026, 3, 25), [date(2026, 3, 1)], date(2026, 3, 25)),
        (date(2026, 1, 10), [], date(2026, 3, 20)),
        (date(2026, 1, 10), [date(2026, 1, 9)], date(2026, 3, 20)),
        (date(2026, 1, 10), [date(2026, 1, 10)], date(2026, 1, 10)),
        (date(2026, 1, 10), [date(2026, 3, 19), date(2026, 3, 2)], date(2026, 3, 2)),
        (date(2024, 1, 31), [date(2026, 2, 28), date(2024, 2, 29)], date(2024, 2, 29)),
        (date(2025, 12, 1), [date(2026, 3, 20)], date(2026, 3, 20)),
    ],
    ids=[
        "from the first day on",
        "before the question",
        "nothing told later",
        "told of a day before the question",
        "told of the first day",
        "in the month in which recording began",
        "months earlier, at the end of one",
        "nothing before the first day",
    ],
)
def test_the_first_day_that_was_recorded_or_told_later(first: date, told: list[date], expected: date) -> None:
    async def act() -> date:
        store = MemoryStore(began=BEGAN)
        for number, day in enumerate(told):
            at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            await store.record(report(f"d{number}", at=at, started_at=at - timedelta(minutes=1), finished_at=at))
        return await watched_from(store, Question(first=first, beyond=date(2026, 4, 1)))

    assert asyncio.run(act()) == expected
