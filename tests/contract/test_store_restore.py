"""What another store kept, taken in as it is: equal, once, and merged with what is told meanwhile."""

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.errors import Rejected
from deploytrail.record.identity import versioner_series
from deploytrail.record.model import Annotation, Build, Deployment, Mark, Record, Source, Status
from deploytrail.record.query import Query
from deploytrail.record.version import Version
from deploytrail.stores.base import Held, Restored, Store, VersionTaken
from deploytrail.stores.memory import MemoryStore
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.contract.replicas import in_cluster, replica
from tests.contract.test_store_rewrite import slim
from tests.controlplane.cluster import Cluster
from tests.naive import word
from tests.reports import NOON, build, report, stated
from tests.telling import PAUSES, Told, reports

MINUTE = timedelta(minutes=1)
_ends = itertools.count()


async def whole(store: Store, record: Record) -> Record:
    """A record as the store has it, with its bodies."""
    shelves: dict[type[Record], Any] = {
        Deployment: store.deployments, Build: store.builds, Annotation: store.annotations,
    }  # fmt: skip
    shelf = shelves[type(record)]
    found: Record = await shelf.get(record.id)
    return found.model_copy(update={"tellings": await shelf.reports(record.id)})


def everything(store: MemoryStore) -> list[Record]:
    shelves = (store.deployments, store.builds, store.annotations)
    return [record for shelf in shelves for record in shelf.everything()]


def test_any_records_are_taken_in_as_they_are_and_what_is_told_next_is_judged_by_them(opening: Opening) -> None:
    @settings(max_examples=8, deadline=None)
    @given(
        st.lists(st.tuples(reports(), PAUSES), min_size=1, max_size=12),
        st.lists(st.tuples(reports(), PAUSES), max_size=6),
    )
    def holds(before: Sequence[tuple[Told, timedelta]], after: Sequence[tuple[Told, timedelta]]) -> None:
        end = f"-moved-{next(_ends)}"

        async def act(store: Store) -> None:
            source, now = MemoryStore(), NOON
            for made, pause in before:
                now += pause
                await source.record(made(now, end))
            records, versions = everything(source), await source.versions(limit=1000)

            assert await store.restore(records) == (Restored.ADDED,) * len(records)
            assert await store.restore(records) == (Restored.UNCHANGED,) * len(records)
            types = {record.id: type(record) for record in records}
            await store.bind([Held(version, types[version.record]) for version in versions])

            for record in records:
                assert await whole(store, record) == record
            for made, pause in after:
                now += pause
                assert word(await store.record(made(now, end))) == word(await source.record(made(now, end)))
            for record in everything(source):
                assert slim(await whole(store, record)) == slim(record)

        on_one(opening, act)

    holds()


def test_what_was_told_to_both_is_merged(opening: Opening) -> None:
    async def act(store: Store) -> None:
        elsewhere = MemoryStore()
        began = await told(elsewhere, report(status=Status.STARTED, body="began", branch="main"))
        marked = await elsewhere.mark(began.id, Mark(at=NOON + MINUTE, by="alice", failure=True))
        assert marked is not None
        await told(store, report(at=NOON + MINUTE, finished_at=NOON + MINUTE, body="ended", started_at=None))

        assert await store.restore([marked]) == (Restored.MERGED,)

        record = await store.get(began.id)
        assert record is not None
        assert (record.status, record.branch) == (Status.COMPLETED, "main")
        assert record.started_at == began.started_at
        assert [mark.by for mark in record.marks] == ["alice"]
        heard = await store.deployments.reports(began.id)
        assert {each.body for each in heard or ()} == {"began", "ended"}
        assert await store.restore([marked]) == (Restored.UNCHANGED,)

    on_one(opening, act)


def test_an_end_that_came_after_the_first_import_comes_with_the_second(opening: Opening) -> None:
    async def act(store: Store) -> None:
        elsewhere = MemoryStore()
        began = await told(elsewhere, report(status=Status.STARTED, body="began"))
        await store.restore([began])
        ended = await told(elsewhere, report(at=NOON + MINUTE, finished_at=NOON + MINUTE, body="ended"))

        assert await store.restore([ended]) == (Restored.MERGED,)

        assert await whole(store, ended) == ended
        assert await store.restore([began]) == (Restored.UNCHANGED,)

    on_one(opening, act)


def test_of_imports_and_reports_at_once_nothing_is_lost(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        elsewhere = MemoryStore()
        moved = [await told(elsewhere, report(status=Status.STARTED, content=f"e{n}", body=f"e{n}")) for n in range(5)]
        live = [report(status=Status.STARTED, content=f"l{n}", body=f"l{n}") for n in range(5)]

        await asyncio.gather(
            *(one.restore([each]) for each in moved),
            *(other.restore([each]) for each in moved),
            *(other.record(each) for each in live),
        )

        heard = await other.deployments.reports(moved[0].id)
        assert sorted(each.body or "" for each in heard or ()) == [f"{c}{n}" for c in "el" for n in range(5)]

    on_two(opening, act)


def test_counts_and_what_runs_are_those_of_the_store_it_came_from(opening: Opening) -> None:
    async def act(store: Store) -> None:
        elsewhere = MemoryStore()
        for n, status in enumerate([Status.FAILED, Status.COMPLETED, Status.STARTED]):
            at = NOON + n * MINUTE
            finished_at = at if status.terminal else None
            await elsewhere.record(report(f"d{n}", status=status, at=at, finished_at=finished_at, version=str(n)))

        await store.restore(everything(elsewhere))

        assert await store.totals() == await elsewhere.totals()
        assert await store.places() == await elsewhere.places()

    on_one(opening, act)


def test_a_series_goes_on_where_it_was_elsewhere(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series, elsewhere = versioner_series(product="web", version="1", environment="production"), MemoryStore()
        for n in range(3):
            await elsewhere.record(stated(series, Status.FAILED, at=NOON + n * timedelta(hours=1)))
        following = stated(series, Status.STARTED, at=NOON + timedelta(hours=9))

        await store.restore(everything(elsewhere)[::-1])  # in whatever order

        assert (await told(store, following)).id == (await told(elsewhere, following)).id

    on_one(opening, act)


def test_a_version_stays_bound_to_what_it_was_bound_to_elsewhere(opening: Opening) -> None:
    async def act(store: Store) -> None:
        elsewhere = MemoryStore()
        await elsewhere.record(build(commit="abc123"))
        (bound,) = await elsewhere.versions()

        assert await store.bind([Held(bound, Build)]) == (bound,)
        await store.restore(everything(elsewhere))

        assert await store.version("web", "1.2.3") == bound
        assert await store.record(build("other", commit="def456")) == VersionTaken("web", "1.2.3", "abc123")

    on_one(opening, act)


def test_a_version_that_is_bound_here_stays_so_and_is_only_spelt_out(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(build(commit="abc123"))
        (bound,) = await store.versions()

        (other,) = await store.bind([Held(bound.model_copy(update={"commit": "def456"}), Build)])
        (longer,) = await store.bind([Held(bound.model_copy(update={"commit": "abc123def"}), Build)])

        assert other == bound
        assert longer == bound.model_copy(update={"commit": "abc123def"})
        assert (await store.versions()) == (longer,)

    on_one(opening, act)


def test_a_version_that_a_database_cannot_hold_is_said_and_the_rest_is_bound(url: str) -> None:
    async def act() -> None:
        good = [made(n) for n in range(3)]
        bad = [made(9).model_copy(update={"version": "9\0"}), made(8).model_copy(update={"id": "web-8\0"})]

        async with replica(url) as store:
            answers = await store.bind([Held(each, Build) for each in (good[0], bad[0], good[1], bad[1], good[2])])

            assert [answers[0], answers[2], answers[4]] == good
            assert isinstance(answers[1], Rejected)
            assert isinstance(answers[3], Rejected)
            assert await store.versions() == tuple(good)

    asyncio.run(act())


def test_a_version_that_no_object_can_hold_is_said_and_the_rest_is_bound(crds: Cluster, namespace: str) -> None:
    async def act() -> None:
        good = [made(n) for n in range(2)]
        bad = [made(9).model_copy(update={"commit": "no hex"}), made(8).model_copy(update={"id": "No Name"})]
        async with in_cluster(crds, namespace) as (store, _):
            held = [Held(each, Build) for each in (good[0], *bad, good[1])] + [Held(made(7), Annotation)]

            first, *refused, second, of_a_note = await store.bind(held)

            assert [first, second] == good
            assert [type(each) for each in (*refused, of_a_note)] == [Rejected] * 3
            assert await store.versions() == tuple(good)

    asyncio.run(act())


def made(number: int) -> Version:
    """One of many versions, in the order of their numbers."""
    return Version(
        id=f"web-{number}", product="web", version=str(number), commit=f"abc{number}", first_seen_at=NOON,
        source=Source.VERSIONER, record=f"run-{number}",
    )  # fmt: skip


def test_versions_are_listed_page_by_page(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for n in range(5):
            await store.record(build(f"run-{n}", version=f"1.{n}", commit=f"abc{n}def"))

        first = await store.versions(limit=2)
        second = await store.versions(after=first[-1].id, limit=2)
        third = await store.versions(after=second[-1].id, limit=2)

        found = [each.id for each in (*first, *second, *third)]
        assert (len(first), len(second), len(third)) == (2, 2, 1)
        assert found == sorted(set(found))

    on_one(opening, act)


def test_it_recorded_since_then_already_and_never_since_later(opening: Opening) -> None:
    async def act(store: Store) -> None:
        began = await store.began()

        await store.began_by(NOON)
        await store.began_by(NOON + timedelta(days=900))

        assert await store.began() == min(began, NOON)
        assert await store.began(early_enough=NOON - timedelta(days=1)) == min(began, NOON)

    on_one(opening, act)


def test_what_a_store_cannot_hold_is_said_and_the_rest_is_taken_in(opening: Opening) -> None:
    async def act(store: Store) -> None:
        good = await told(MemoryStore(), report("good"))
        copies = tuple(good.tellings[0].model_copy(update={"fingerprint": str(n)}) for n in range(500))
        many = good.model_copy(update={"id": "too-many", "tellings": copies})

        first, second = await store.restore([many, good])

        assert isinstance(first, Rejected)
        assert second is Restored.ADDED
        assert [each.id for each in (await store.find(Query())).items] == [good.id]

    on_one(opening, act)
