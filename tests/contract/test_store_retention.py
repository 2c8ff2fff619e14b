"""What a store removes by a rule, what it never does, and that the rest of it stays as it was."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.record.identity import quanta_series, versioner_series
from deploytrail.record.model import Annotation, AnyReport, ApplicationRef, Build, Deployment, Record, Status
from deploytrail.record.query import Query
from deploytrail.record.retention import Expired, Retention, Why, expired
from deploytrail.stores.base import Recorded, Store, VersionTaken
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, build, note, report, stated

DAY = timedelta(days=1)
NOW = NOON + 100 * DAY
OLD = Retention(age=30 * DAY)


async def fill(store: Store, reports: Sequence[AnyReport[Any]]) -> list[Record]:
    return [await told(store, each) for each in reports]


async def clear(store: Store, rule: Retention, *, now: datetime = NOW) -> list[str]:
    """Remove all that may go; returns the ids."""
    return [each.id for each in await store.remove(await store.expired(rule, now=now, most=1000))]


def failures(days: Sequence[int], **facts: Any) -> list[AnyReport[Any]]:
    return [
        report(f"d{day}", status=Status.FAILED, at=NOON + day * DAY, finished_at=NOON + day * DAY, **facts)
        for day in days
    ]


def test_what_is_old_goes_with_its_reports_and_the_rest_stays(opening: Opening) -> None:
    async def act(store: Store) -> None:
        old, older, young = await fill(store, failures([20, 10, 90], body="{}"))

        assert await clear(store, OLD) == [older.id, old.id]

        assert await store.get(old.id) is None
        assert await store.deployments.reports(old.id) is None
        assert [each.id for each in (await store.find(Query())).items] == [young.id]
        assert [each.body for each in await store.deployments.reports(young.id) or ()] == ["{}"]
        assert await clear(store, OLD) == []

    on_one(opening, act)


def test_what_is_beyond_the_count_goes_at_most_so_many_at_a_time(opening: Opening) -> None:
    async def act(store: Store) -> None:
        records = await fill(store, failures(range(6)))

        some = await store.expired(Retention(count=2), now=NOW, most=3)

        assert [each.id for each in some] == [each.id for each in records[:3]]
        assert {each.why for each in some} == {Why.COUNT}
        assert len(await store.remove(some)) == 3
        assert await clear(store, Retention(count=2)) == [records[3].id]

    on_one(opening, act)


def test_what_is_open_is_not_even_removed_when_asked_to(opening: Opening) -> None:
    async def act(store: Store) -> None:
        running = await told(store, report("d1", status=Status.STARTED))

        assert await store.expired(OLD, now=NOW, most=9) == ()
        assert await store.remove([Expired(running.id, Deployment, Why.AGE)]) == ()

        assert await store.get(running.id) is not None

    on_one(opening, act)


def test_what_runs_and_the_newest_of_an_application_stay(opening: Opening) -> None:
    async def act(store: Store) -> None:
        application = ApplicationRef(namespace="argocd", name="web", uid="one")
        runs = await told(store, report("runs", at=NOON, finished_at=NOON))
        await told(store, report("part", at=NOON + DAY, finished_at=NOON + DAY, partial=True))
        first, second = await fill(store, failures([1, 2], application=application))

        gone = await clear(store, OLD)

        assert runs.id not in gone
        assert second.id not in gone
        assert first.id in gone
        assert len(gone) == 2

    on_one(opening, act)


def test_a_version_stays_bound_when_its_records_have_gone(opening: Opening) -> None:
    async def act(store: Store) -> None:
        made = await told(store, build("first", commit="abc123"))

        assert await clear(store, OLD) == [made.id]

        assert await store.builds.get(made.id) is None
        later = await store.record(build("second", commit="def456", at=NOW))
        assert later == VersionTaken("web", "1.2.3", "abc123")

    on_one(opening, act)


def test_annotations_go_too(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))
        first = await told(store, note(series))
        second = await told(store, note(series, at=NOON + DAY))

        assert await clear(store, Retention(count=1)) == [first.id]

        assert [each.id for each in (await store.annotations.find(Query())).items] == [second.id]

    on_one(opening, act)


def test_a_series_goes_on_from_what_is_left_of_it(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = versioner_series(product="web", version="1.2.3", environment="production")
        first = await told(store, stated(series, Status.FAILED))
        second = await told(store, stated(series, Status.FAILED, at=NOON + DAY))
        assert await clear(store, Retention(count=1)) == [first.id]

        third = await store.record(stated(series, Status.FAILED, at=NOON + 2 * DAY))

        assert isinstance(third, Recorded)
        assert third.created
        assert third.record.id not in (first.id, second.id)

    on_one(opening, act)


def test_what_two_replicas_remove_at_once_goes_once(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        records = await fill(one, failures(range(20)))
        found = await one.expired(OLD, now=NOW, most=100)

        mine, theirs = await asyncio.gather(one.remove(found), other.remove(found))
        rest = await one.remove(found)

        gone = [each.id for each in (*mine, *theirs, *rest)]
        assert sorted(gone) == sorted(each.id for each in records)

    on_two(opening, act)


def test_a_report_after_the_end_of_its_record_makes_it_anew(opening: Opening) -> None:
    async def act(store: Store) -> None:
        (old,) = await fill(store, failures([1]))
        await clear(store, OLD)

        again = await store.record(failures([1])[0])

        assert isinstance(again, Recorded)
        assert (again.created, again.record.id) == (True, old.id)

    on_one(opening, act)


RULES = st.builds(
    Retention,
    age=st.none() | st.integers(0, 12).map(lambda days: days * DAY),
    count=st.none() | st.integers(1, 4),
)
REPORTS = st.lists(
    st.tuples(
        st.sampled_from([Status.STARTED, Status.COMPLETED, Status.COMPLETED, Status.FAILED]),
        st.integers(0, 10),
        st.integers(-3, 3),
        st.sampled_from(["production", "staging"]),
        st.booleans(),
        st.sampled_from([None, None, "one", "two"]),
    ),
    max_size=14,
)


def test_every_store_lets_go_of_the_same(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploytrail.stores.sql.expiry.PAGE", 3)
    ends = iter(range(10_000))

    @settings(max_examples=12, deadline=None)
    @given(told_of=REPORTS, rule=RULES)
    def holds(told_of: list[tuple[Status, int, int, str, bool, str | None]], rule: Retention) -> None:
        end = next(ends)

        async def act(store: Store) -> None:
            records = [await told(store, _told(end, n, *each)) for n, each in enumerate(told_of)]

            found = await store.expired(rule, now=NOON + 12 * DAY, most=1000)

            mine = {each for each in found if each.id in {record.id for record in records}}
            assert mine == set(expired(records, rule, now=NOON + 12 * DAY))

        on_one(opening, act)

    holds()


def _told(
    end: int, n: int, status: Status, day: int, late: int, environment: str, partial: bool, uid: str | None
) -> AnyReport[Any]:
    application = ApplicationRef(namespace="argocd", name="web", uid=f"{uid}{end}") if uid is not None else None
    at = NOON + day * DAY
    return report(
        f"e{end}-{n}", status=status, at=at + late * DAY, received_at=at, environment=environment, partial=partial,
        finished_at=at + late * DAY if status.terminal else None, product=f"web{end}", application=application,
        started_at=None,
    )  # fmt: skip


def test_the_types_are_told(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = quanta_series(key="shop", kind="comment", content="bonjour", window=timedelta(0))
        await told(store, build("first"))
        await told(store, note(series))
        await fill(store, failures([1]))

        found = await store.expired(OLD, now=NOW, most=9)

        assert {each.type for each in found} == {Deployment, Build, Annotation}

    on_one(opening, act)
