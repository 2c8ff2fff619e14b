"""Every store says when it is time to look again."""

from datetime import timedelta

from deploytrail.record.identity import quanta_series
from deploytrail.record.model import Mark, Status
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, build, note, report
from tests.waiting import until

NOTE = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))


def test_whatever_is_told_or_said_gives_another_word(opening: Opening) -> None:
    async def act(store: Store) -> None:
        words = [await store.pulse()]
        started = await told(store, report(status=Status.STARTED))
        words.append(await store.pulse())
        await told(store, report(at=NOON + timedelta(minutes=1)))
        words.append(await store.pulse())
        await store.mark(started.id, Mark(at=NOON, by="ann", failure=True))
        words.append(await store.pulse())
        await told(store, build())
        words.append(await store.pulse())
        await told(store, note(NOTE))
        words.append(await store.pulse())

        assert len(set(words)) == len(words)

    on_one(opening, act)


def test_a_replay_and_a_question_change_nothing(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, report())
        before = await store.pulse()

        await store.record(report())
        await store.places()

        assert await store.pulse() == before

    on_one(opening, act)


def test_what_another_replica_recorded_is_felt_here(opening: Opening) -> None:
    async def act(here: Store, there: Store) -> None:
        before = await here.pulse()

        await told(there, report())

        async def is_felt() -> bool:
            return await here.pulse() != before

        await until(is_felt)

    on_two(opening, act)
