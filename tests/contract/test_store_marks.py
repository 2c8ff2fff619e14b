"""What a person says of a deployment is kept as safely as what a sender says."""

import asyncio
from datetime import timedelta

from deploytrail.record.model import Mark, Status
from deploytrail.record.query import Query
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.contract.test_store_rewrite import mended
from tests.reports import NOON, report
from tests.waiting import until

LATER = NOON + timedelta(hours=1)


def said(by: str = "ann", **fields: object) -> Mark:
    return Mark(at=LATER, by=by, **fields)


def test_a_mark_is_kept_with_the_deployment(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(body="{}"))

        marked = await store.mark(first.id, said(failure=True, comment="checkout was down"))

        assert marked is not None
        assert [(mark.by, mark.failure, mark.comment) for mark in marked.marks] == [("ann", True, "checkout was down")]
        stored = await store.get(first.id)
        assert stored is not None
        assert (stored.marks, stored.updated_at) == (marked.marks, LATER)
        reports = await store.deployments.reports(first.id)
        assert reports is not None
        assert [telling.body for telling in reports] == ["{}"]

    on_one(opening, act)


def test_the_same_mark_again_is_one_mark_and_another_is_noted_after_it(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report())

        for failure in (True, True, False, False):
            await store.mark(first.id, said(failure=failure))
        last = await store.mark(first.id, said("bob", counted=False))

        assert last is not None
        assert [(mark.by, mark.failure, mark.counted) for mark in last.marks] == [
            ("ann", True, None),
            ("ann", False, None),
            ("bob", False, False),
        ]

    on_one(opening, act)


def test_who_asks_for_what_is_counted_is_answered_by_verdict_source_and_people(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for name, status, counted, mark in (
            ("plain", Status.COMPLETED, True, None),
            ("open", Status.STARTED, True, None),
            ("aborted", Status.ABORTED, True, None),
            ("left out", Status.COMPLETED, False, None),
            ("excluded", Status.COMPLETED, True, said(counted=False)),
            ("included", Status.COMPLETED, False, said(counted=True)),
            ("judged", Status.UNKNOWN, True, said(failure=True)),
        ):
            record = await told(store, report(name, version=name, status=status, counted=counted))
            if mark is not None:
                await store.mark(record.id, mark)

        found = {
            counted: sorted(str(each.version) for each in (await store.find(Query(counted=counted))).items)
            for counted in (True, False, None)
        }

        assert found[True] == ["included", "judged", "open", "plain"]
        assert found[False] == ["aborted", "excluded", "left out"]
        assert found[None] == sorted(found[True] + found[False])

    on_one(opening, act)


def test_what_is_not_there_is_not_marked(opening: Opening) -> None:
    async def act(store: Store) -> None:
        assert await store.mark("no-such-record", said(failure=True)) is None

    on_one(opening, act)


def test_a_mark_outlives_reports_and_a_mended_mapping(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, report(status=Status.STARTED))
        after, heard = await mended(store.deployments, first.id, {"deployed_by": "alice"})
        await store.mark(first.id, said(failure=True))

        assert await store.rewrite(after, heard=heard)
        done = await told(store, report(at=NOON + timedelta(minutes=1)))

        assert (done.status, done.deployed_by) == (Status.COMPLETED, "alice")
        assert [mark.failure for mark in done.marks] == [True]
        stored = await store.get(first.id)
        assert stored is not None
        assert (stored.marks, stored.updated_at) == (done.marks, done.updated_at)

    on_one(opening, act)


def test_of_marks_and_reports_at_once_none_is_lost(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        first = await told(one, report(status=Status.STARTED))

        async def known() -> bool:
            return await other.get(first.id) is not None

        await until(known)
        states = [report(status=Status.STARTED, at=NOON + timedelta(seconds=n), content=str(n)) for n in range(5)]

        await asyncio.gather(
            *(store.record(each) for store, each in zip([one, other, one, other, one], states, strict=True)),
            *(store.mark(first.id, said(comment=str(n))) for n, store in enumerate([one, other] * 3)),
        )

        final = await told(one, report(at=LATER))
        assert len(final.tellings) == 7
        assert sorted(mark.comment or "" for mark in final.marks) == [str(n) for n in range(6)]

    on_two(opening, act)
