"""Records of senders without ids: which report belongs to which, on one replica and on two."""

import asyncio
from datetime import timedelta

from deploytrail.record.identity import quanta_series, versioner_series
from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.stores.base import Duplicate, Recorded, Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, stated

SERIES = versioner_series(product="web", version="1.2.3", environment="production")
STARTED, COMPLETED, FAILED = Status.STARTED, Status.COMPLETED, Status.FAILED
SECOND = timedelta(seconds=1)


def test_c085_three_states_are_one_deployment_with_a_duration(opening: Opening) -> None:
    async def act(store: Store) -> None:
        states = [Status.PENDING, STARTED, COMPLETED]

        records = [await told(store, stated(SERIES, each, at=NOON + n * SECOND)) for n, each in enumerate(states)]

        assert len({each.id for each in records}) == 1
        assert [status for status, _ in records[-1].history] == states
        assert records[-1].duration == SECOND

    on_one(opening, act)


def test_c090_a_replay_adds_nothing_and_another_verdict_is_a_second_state(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, stated(SERIES))

        replay = await store.record(stated(SERIES, at=NOON + SECOND))
        failed = await told(store, stated(SERIES, FAILED, at=NOON + 2 * SECOND))

        assert isinstance(replay, Duplicate)
        assert replay.record == first
        assert (failed.id, failed.status) == (first.id, FAILED)
        assert [status for status, _ in failed.history] == [COMPLETED, FAILED]

    on_one(opening, act)


def test_c091_a_new_start_is_the_next_deployment(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, stated(SERIES))

        second = await store.record(stated(SERIES, STARTED, at=NOON + SECOND, content="again"))
        ended = await told(store, stated(SERIES, at=NOON + 2 * SECOND))

        assert isinstance(second, Recorded)
        assert second.created
        assert second.record.id != first.id
        assert ended.id == second.record.id
        assert (await store.find(Query(product="web"))).items == (ended, first)

    on_one(opening, act)


def test_c091b_the_same_words_are_a_replay_today_and_a_deployment_tomorrow(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, stated(SERIES))

        soon = await told(store, stated(SERIES, at=NOON + REPLAY_WINDOW - SECOND))
        later = await told(store, stated(SERIES, at=NOON + REPLAY_WINDOW))

        assert soon.id == first.id
        assert later.id != first.id

    on_one(opening, act)


def test_c017_a_request_sent_many_times_at_once_is_one_deployment(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        outcomes = await asyncio.gather(*(store.record(stated(SERIES)) for store in [one, other] * 10))

        assert len([o for o in outcomes if isinstance(o, Recorded) and o.created]) == 1
        assert len([o for o in outcomes if isinstance(o, Duplicate)]) == 19

    on_two(opening, act)


def test_a_next_record_that_two_replicas_begin_at_once_is_one(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        await one.record(stated(SERIES))
        starts = [stated(SERIES, STARTED, at=NOON + SECOND, content=str(n)) for n in range(10)]

        records = await asyncio.gather(
            *(told(store, each) for store, each in zip([one, other] * 5, starts, strict=True))
        )

        assert len({each.id for each in records}) == 1
        final = await told(one, stated(SERIES, FAILED, at=NOON + 2 * SECOND))
        assert len(final.tellings) == 11

    on_two(opening, act)


def test_replicas_that_take_turns_never_mix_two_records(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        ids = []
        for n in range(5):
            at = NOON + n * timedelta(seconds=20)
            begun = await told(one, stated(SERIES, STARTED, at=at, content=str(n)))
            ended = await told(other, stated(SERIES, at=at + SECOND))
            again = await told(one, stated(SERIES, at=at + 2 * SECOND))
            assert begun.id == ended.id == again.id
            assert len(again.tellings) == 2
            ids.append(ended.id)

        assert len(set(ids)) == 5

    on_two(opening, act)


def test_c173_a_push_is_a_replay_for_seconds_only(opening: Opening) -> None:
    series = quanta_series(key="shop", kind="code_deploy", content="version 42.0", window=timedelta(seconds=10))

    async def act(store: Store) -> None:
        pushed = [await told(store, stated(series, at=NOON + n * SECOND)) for n in (0, 9, 10, 19, 30)]

        assert [pushed.index(each) for each in pushed] == [0, 0, 2, 2, 4]

    on_one(opening, act)
