"""Builds and annotations are kept as deployments are; every report keeps its body."""

import asyncio
from datetime import timedelta

from deploytrail.record.identity import quanta_series
from deploytrail.record.model import AnnotationType, Build, Status
from deploytrail.record.query import Query
from deploytrail.stores.base import Duplicate, Recorded, Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, build, note, report
from tests.waiting import until

NOTE = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))


def test_c103_a_build_goes_through_its_states(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await store.record(build(status=Status.STARTED))

        done = await told(store, build(at=NOON + timedelta(minutes=2), commit="abc123"))

        assert isinstance(first, Recorded)
        assert first.created
        assert (done.id, done.status, done.commit) == (first.record.id, Status.COMPLETED, "abc123")
        assert await store.builds.get(done.id) == done

    on_one(opening, act)


def test_a_build_is_no_deployment(opening: Opening) -> None:
    async def act(store: Store) -> None:
        built = await told(store, build(product="shop"))

        deployed = await told(store, report(product="shop"))

        assert (await store.find(Query(product="shop"))).items == (deployed,)
        assert (await store.builds.find(Query(product="shop"))).items == (built,)
        assert await store.get(built.id) is None
        assert await store.builds.get(deployed.id) is None

    on_one(opening, act)


def test_of_many_builds_at_once_exactly_one_is_told_that_it_created(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        outcomes = await asyncio.gather(*(store.record(build(commit="abc123")) for store in [one, other] * 10))

        assert len([o for o in outcomes if isinstance(o, Recorded) and o.created]) == 1
        assert len([o for o in outcomes if isinstance(o, Duplicate)]) == 19

    on_two(opening, act)


def test_a_build_is_seen_by_another_replica(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        made: Build = await told(one, build())

        async def seen() -> bool:
            return await other.builds.get(made.id) == made

        await until(seen)

    on_two(opening, act)


def test_c171_notes_are_kept_apart_and_found_by_type(opening: Opening) -> None:
    async def act(store: Store) -> None:
        kept = await told(store, note(NOTE, kind=AnnotationType.COMMENT, environment="production", product="shop"))

        asked = Query(type=AnnotationType.COMMENT, product="shop", environment="production")

        assert (await store.annotations.find(asked)).items == (kept,)
        assert (await store.annotations.find(Query(type=AnnotationType.CRON))).items == ()
        assert (await store.find(Query(product="shop"))).items == ()

    on_one(opening, act)


def test_c160_c173_the_same_comment_twice_is_two_notes(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        kept = await asyncio.gather(*(told(store, note(NOTE, 'a "b"\n\u20ac')) for store in [one, other] * 3))

        assert len({each.id for each in kept}) == 6
        assert {each.content for each in kept} == {'a "b"\n\u20ac'}

    on_two(opening, act)


def test_c179_every_report_of_a_record_can_be_read_as_it_came(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(build(status=Status.STARTED, body='{"status": "init"}'))
        done = await told(store, build(at=NOON + timedelta(minutes=1), body='{"status": "built"}'))
        pushed = await told(store, note(NOTE))

        reports = await store.builds.reports(done.id)

        assert reports is not None
        assert [each.body for each in reports] == ['{"status": "init"}', '{"status": "built"}']
        assert [(each.raw_status, each.reporter) for each in reports] == [("started", "ci"), ("completed", "ci")]
        assert [each.source for each in await store.annotations.reports(pushed.id) or ()] == ["quanta"]
        assert await store.builds.reports("no-such-record") is None

    on_one(opening, act)
