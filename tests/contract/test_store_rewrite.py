"""A record can be put in the place of the one that its reports made before, and of no other."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from deploytrail.record.identity import quanta_series, versioner_series
from deploytrail.record.model import Record, Status, Telling, Trigger
from deploytrail.record.query import Query
from deploytrail.stores.base import Shelf, Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, build, note, report, stated

LATER = NOON + timedelta(minutes=1)


async def mended(shelf: Shelf[Any], record_id: str, changes: Mapping[str, Any]) -> tuple[Any, tuple[Telling, ...]]:
    """The record as a mended mapping would have it, and the reports it has now."""
    heard, record = await shelf.reports(record_id), await shelf.get(record_id)
    assert heard is not None
    assert record is not None
    return record.model_copy(update={"tellings": heard, **changes}), heard


def slim(record: Record) -> Record:
    """Without the bodies, which not every store reads with the record."""
    tellings = tuple(telling.model_copy(update={"body": None}) for telling in record.tellings)
    return record.model_copy(update={"tellings": tellings})


async def check_rewritten(shelf: Shelf[Any], after: Record) -> None:
    stored = await shelf.get(after.id)
    assert stored is not None
    assert slim(stored) == slim(after)
    assert await shelf.reports(after.id) == after.tellings


def test_a_rewritten_deployment_is_another_at_once(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(body='{"a": 1}', status=Status.FAILED))
        changes = {"status": Status.ABORTED, "deployed_by": "alice", "trigger": Trigger.API, "counted": False}
        after, heard = await mended(store.deployments, first.id, changes | {"commit": "abc123"})

        assert await store.rewrite(after, heard=heard)

        await check_rewritten(store.deployments, after)
        assert (await store.find(Query(status=Status.ABORTED, counted=False))).items[0].id == first.id
        assert (await store.find(Query(status=Status.FAILED))).items == ()

    on_one(opening, act)


def test_what_a_report_means_can_change_while_its_body_stays(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(body='{"a": 1}', status=Status.FAILED))
        after, heard = await mended(store.deployments, first.id, {"status": Status.ABORTED})
        anew = heard[0].model_copy(update={"status": Status.ABORTED, "raw_status": "killed", "fingerprint": "anew"})
        after = after.model_copy(update={"tellings": (anew,)})

        assert await store.rewrite(after, heard=heard)

        await check_rewritten(store.deployments, after)

    on_one(opening, act)


def test_builds_and_annotations_are_rewritten_too(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))
        built, noted = await told(store, build(body="{}")), await told(store, note(series))
        build_after, build_heard = await mended(store.builds, built.id, {"built_by": "alice"})
        note_after, note_heard = await mended(store.annotations, noted.id, {"metadata": {"who": "alice"}})

        assert await store.rewrite(build_after, heard=build_heard)
        assert await store.rewrite(note_after, heard=note_heard)

        await check_rewritten(store.builds, build_after)
        await check_rewritten(store.annotations, note_after)

    on_one(opening, act)


def test_a_mended_mapping_may_say_anything_anew_and_only_once_each_time(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(body="{}", status=Status.COMPLETED, commit="abc1234", branch="main"))
        built = await told(store, build(body="{}", commit="abc1234"))
        series = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))
        noted = await told(store, note(series))
        anew = {"product": "api", "environment": "staging", "version": "2.0", "status": Status.STARTED, "commit": None}
        after, heard = await mended(store.deployments, first.id, anew)
        build_changes = {"product": "api", "version": "2.0", "status": Status.PENDING, "commit": "def5678"}
        build_after, build_heard = await mended(store.builds, built.id, build_changes)
        note_after, note_heard = await mended(store.annotations, noted.id, {"product": "api", "content": "salut"})

        assert await store.rewrite(after, heard=heard)
        assert await store.rewrite(build_after, heard=build_heard)
        assert await store.rewrite(note_after, heard=note_heard)
        again = after.model_copy(update={"product": "web"})
        assert await store.rewrite(again, heard=heard)

        await check_rewritten(store.deployments, again)
        await check_rewritten(store.builds, build_after)
        await check_rewritten(store.annotations, note_after)
        assert [each.id for each in (await store.find(Query(product="web", environment="staging"))).items] == [first.id]
        assert (await store.find(Query(product="api"))).items == ()

    on_one(opening, act)


def test_a_report_that_arrived_meanwhile_is_not_lost(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        first = await told(one, report(status=Status.STARTED, body='{"state": "started"}'))
        after, heard = await mended(one.deployments, first.id, {"deployed_by": "alice"})
        moved = await told(other, report(at=LATER, body='{"state": "completed"}'))

        assert not await one.rewrite(after, heard=heard)

        stored = await other.get(first.id)
        assert stored is not None
        assert slim(stored) == slim(moved)
        reports = await one.deployments.reports(first.id)
        assert reports is not None
        assert [telling.body for telling in reports] == ['{"state": "started"}', '{"state": "completed"}']

    on_two(opening, act)


def test_of_reports_and_rewrites_at_once_no_report_is_lost(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        first = await told(one, report(status=Status.STARTED, body="0"))
        after, heard = await mended(one.deployments, first.id, {"deployed_by": "alice"})
        states = [report(status=Status.STARTED, at=LATER + timedelta(seconds=n), body=str(n)) for n in range(1, 6)]

        await asyncio.gather(*(other.record(each) for each in states), one.rewrite(after, heard=heard))

        reports = await other.deployments.reports(first.id)
        assert reports is not None
        assert {telling.body for telling in reports} == {str(n) for n in range(6)}

    on_two(opening, act)


def test_the_next_report_is_judged_by_what_was_rewritten(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(status=Status.STARTED))
        after, heard = await mended(store.deployments, first.id, {"deployed_by": "alice"})
        await store.rewrite(after, heard=heard)

        done = await told(store, report(at=LATER))

        assert (done.status, done.deployed_by, len(done.tellings)) == (Status.COMPLETED, "alice", 2)

    on_one(opening, act)


def test_to_rewrite_an_old_record_of_a_series_does_not_make_it_the_newest(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = versioner_series(product="web", version="1.2.3", environment="production")
        old = await told(store, stated(series))
        hour = NOON + timedelta(hours=1)
        new = await told(store, stated(series, Status.STARTED, at=hour))
        after, heard = await mended(store.deployments, old.id, {"deployed_by": "alice"})
        assert await store.rewrite(after, heard=heard)

        done = await told(store, stated(series, at=hour + timedelta(minutes=1), content="the end"))

        assert old.id != new.id
        assert done.id == new.id

    on_one(opening, act)


def test_what_is_not_there_is_not_rewritten(opening: Opening) -> None:
    async def act(store: Store) -> None:
        recorded = await told(store, report())
        other = recorded.model_copy(update={"id": "no-such-record"})

        assert not await store.rewrite(other, heard=recorded.tellings)

        assert await store.get("no-such-record") is None

    on_one(opening, act)
