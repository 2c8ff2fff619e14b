"""Records of senders without ids: which report belongs to which, on one replica and on two."""

import asyncio
from datetime import timedelta

from deploytrail.record.identity import quanta_series, versioner_series, vibemonitor_series
from deploytrail.record.model import Status
from deploytrail.record.query import Query
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.stores.base import Duplicate, Recorded, Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, stated
from tests.waiting import until

SERIES = versioner_series(product="web", version="1.2.3", environment="production")
REPOSITORY = vibemonitor_series(workspace="", environment="production", repository="acme/web")
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


def test_c091_ends_of_three_days_told_at_once_are_three_deployments(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for series in (SERIES, REPOSITORY):
            days = [NOON - timedelta(days=each) for each in (3, 1, 2)]

            records = [await told(store, stated(series, at=day, received_at=NOON, content=str(day))) for day in days]

            assert [each.finished_at for each in records] == days
            assert len({each.id for each in records}) == 3

    on_one(opening, act)


def test_c152_where_senders_report_ends_only_each_end_is_a_deployment(opening: Opening) -> None:
    async def act(store: Store) -> None:
        begun = await told(store, stated(REPOSITORY, STARTED))
        ended = await told(store, stated(REPOSITORY, at=NOON + SECOND))

        failed = await told(store, stated(REPOSITORY, FAILED, at=NOON + 4 * SECOND))
        again = await store.record(stated(REPOSITORY, at=NOON + 5 * SECOND))

        assert begun.id == ended.id != failed.id
        assert (ended.status, failed.status) == (COMPLETED, FAILED)
        assert isinstance(again, Duplicate)
        assert again.record == ended

    on_one(opening, act)


def test_c017_two_ends_sent_many_times_at_once_are_two_deployments(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        ends = [stated(REPOSITORY, status, at=NOON) for status in (COMPLETED, FAILED)]

        outcomes = await asyncio.gather(*(store.record(end) for store in [one, other] * 5 for end in ends))

        assert len([o for o in outcomes if isinstance(o, Recorded) and o.created]) == 2
        assert len([o for o in outcomes if isinstance(o, Duplicate)]) == 18
        await until(lambda: _holds(one, 2))

    on_two(opening, act)


def test_c017_a_replay_on_another_replica_is_known_after_the_next_end(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        ends = [stated(REPOSITORY, at=NOON, content=str(n)) for n in range(4)]
        records = [await told(one, end) for end in ends]

        replayed = [await told(store, end) for store in (other, one) for end in ends]

        assert replayed == records * 2

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


async def _holds(store: Store, count: int) -> bool:
    return len((await store.find(Query(product="web"))).items) == count


def test_c173_a_push_is_a_replay_for_seconds_only(opening: Opening) -> None:
    series = quanta_series(key="shop", kind="code_deploy", content="version 42.0", window=timedelta(seconds=10))

    async def act(store: Store) -> None:
        pushed = [await told(store, stated(series, at=NOON + n * SECOND)) for n in (0, 9, 10, 19, 30)]

        assert [pushed.index(each) for each in pushed] == [0, 0, 2, 2, 4]

    on_one(opening, act)
