"""Retention in small steps, while it is ours to do and the store is there."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

import pytest

from deploytrail.errors import Unavailable
from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.record.retention import Expired, Retention
from deploytrail.retention import LARGE, SMALL, Keeper, RetentionSettings
from deploytrail.stores.memory import MemoryStore
from tests.reports import NOON, report
from tests.waiting import until

DAY = timedelta(days=1)


class Counting(MemoryStore):
    """Notes the steps; away for the first ``away`` questions."""

    def __init__(self, *, away: int = 0) -> None:
        super().__init__()
        self.steps: list[int] = []
        self._away = away

    async def remove(self, expired: Sequence[Expired]) -> tuple[Expired, ...]:
        if self._away:
            self._away -= 1
            raise Unavailable("the store is away")
        self.steps.append(len(expired))
        return await super().remove(expired)


def keeper(store: MemoryStore, rule: Retention) -> Keeper:
    return Keeper(store, rule, clock=lambda: NOON + DAY, pass_seconds=0.001, step_seconds=0)


async def filled(store: MemoryStore, number: int) -> None:
    for n in range(number):
        await store.record(report(f"deploy-{n}", status=Status.FAILED, at=NOON + n * timedelta(seconds=1)))


async def left(store: MemoryStore) -> int:
    return len((await store.find(Query(limit=1000))).items)


def play(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def test_it_goes_in_small_steps() -> None:
    async def act() -> None:
        store = Counting()
        await filled(store, 120)

        removed = await keeper(store, Retention(count=3)).clear(lambda: True)

        assert (removed, await left(store)) == (117, 3)
        assert store.steps == [50, 50, 17]

    play(act)


def test_it_stops_at_the_step_before_which_it_is_not_ours_any_more() -> None:
    async def act() -> None:
        store = Counting()
        await filled(store, 120)
        answers = iter([True, True, False])

        removed = await keeper(store, Retention(count=3)).clear(lambda: next(answers))

        assert (removed, store.steps) == (50, [50])

    play(act)


def test_what_could_not_be_removed_now_is_removed_later() -> None:
    async def act() -> None:
        store = Counting(away=3)
        await filled(store, 10)
        task = asyncio.create_task(keeper(store, Retention(count=1)).run(lambda: True))

        async def only_one() -> bool:
            return await left(store) == 1

        await until(only_one)
        task.cancel()

    play(act)


def test_a_rule_that_keeps_everything_asks_nothing() -> None:
    async def act() -> None:
        store = Counting()
        await filled(store, 3)

        assert await keeper(store, LARGE).clear(lambda: True) == 0

    play(act)


@pytest.mark.parametrize(
    ("told", "default", "rule"),
    [
        ({}, SMALL, Retention(age=90 * DAY, count=500)),
        ({}, LARGE, Retention()),
        ({"age": "30d"}, SMALL, Retention(age=30 * DAY, count=500)),
        ({"age": "0s", "count": 0}, SMALL, Retention()),
        ({"count": "7"}, LARGE, Retention(count=7)),
    ],
)
def test_a_setting_wins_over_what_suits_the_store(told: dict[str, object], default: Retention, rule: Retention) -> None:
    assert RetentionSettings.model_validate(told).rule(default) == rule
