"""What runs where, and the counts behind DORA's metrics: the same in every store, whatever order things come in."""

import itertools
import random
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.record.dora.counting import Counts, add
from deploytrail.record.dora.entry import entry_of
from deploytrail.record.dora.judging import Failure, Rules, judge
from deploytrail.record.dora.question import Bucket, By, Question
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import Build, Deployment, Mark, Status, Trigger
from deploytrail.record.query import Query
from deploytrail.record.running import Running, Standings, Tried, running_among
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.dora import Naive, cells
from tests.reports import NOON, build, report
from tests.waiting import until

HOUR = timedelta(hours=1)
_ends = itertools.count()


STRETCHES = [
    (date(2026, 2, 1), date(2026, 5, 1)),
    (date(2026, 3, 3), date(2026, 3, 30)),
    (date(2026, 2, 27), date(2026, 3, 4)),
    (date(2026, 3, 2), date(2026, 3, 3)),
]
"""With months as a whole, without their first and last days, and days alone."""


def ask(**fields: Any) -> Question:
    return Question(**{"first": date(2026, 2, 1), "beyond": date(2026, 5, 1)} | fields)


def deployed(name: str, hours: float, version: str = "1", status: Status = Status.COMPLETED, **more: Any) -> Any:
    at = NOON + hours * HOUR
    return report(name, status=status, at=at, started_at=at, finished_at=at, version=version, **more)


def test_what_runs_since_when_and_what_ran_before(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for each in (
            deployed("a", 0, "1", deployed_by="ann"),
            deployed("b", 1, "2", deployed_by="bob"),
            deployed("c", 2, "2", deployed_by="carl"),
            deployed("d", 3, "3", Status.FAILED),
            deployed("e", 0, "9", environment="staging"),
        ):
            await store.record(each)

        running = running_among(await store.places())

        shown = [(each.environment, each.version, each.since, each.deployed_by, each.previous) for each in running]
        assert shown == [
            ("production", "2", NOON + 2 * HOUR, "carl", "1"),
            ("staging", "9", NOON, None, None),
        ]
        latest = running[0].latest
        assert latest is not None
        assert (latest.version, latest.status) == ("3", Status.FAILED)
        assert [each.version for each in running_among(await store.places("staging"))] == ["9"]
        assert await store.places("nowhere") == ()

    on_one(opening, act)


def test_where_nothing_runs_yet_the_last_attempt_is_told(opening: Opening) -> None:
    async def act(store: Store) -> None:
        for each in (
            deployed("a", 0, "1", Status.FAILED),
            deployed("b", 1, "2", Status.STARTED),
            deployed("c", 0, "1", product="api"),
            deployed("d", 0, "1", Status.FAILED, product="api", environment="staging"),
        ):
            await store.record(each)

        tried = [each for each in await store.places() if isinstance(each, Tried)]
        await store.record(deployed("b", 2, "2"))

        assert [(each.environment, each.product, each.latest.version, each.latest.status) for each in tried] == [
            ("production", "web", "2", Status.STARTED),
            ("staging", "api", "1", Status.FAILED),
        ]
        assert [type(each) for each in await store.places()] == [Running, Running, Tried]

    on_one(opening, act)


def test_a_late_report_does_not_replace_what_runs(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(deployed("new", 5, "2"))
        await store.record(deployed("late", 1, "1"))

        (running,) = running_among(await store.places())

        assert (running.version, running.previous) == ("2", "1")

    on_one(opening, act)


def test_counts_by_day_and_by_what_is_told_apart(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(build(at=NOON - HOUR, version="1", product="web"))
        await store.record(deployed("a", 0, "1", metadata={"team": "red"}))
        await store.record(deployed("b", 30, "2", Status.FAILED, metadata={"team": "red"}))
        await store.record(deployed("c", 31, "1", metadata={"team": "red"}))
        await store.record(deployed("d", 1, "1", Status.ABORTED, product="api", environment="staging"))

        daily = await store.dora(ask(bucket=Bucket.DAY, environments=("production",)))
        total = await store.dora(ask())
        products = await store.dora(ask(by=By.PRODUCT))

        assert daily == {
            ("", date(2026, 3, 2)): {"n": 1, "ok": 1, "b95": 1},
            ("", date(2026, 3, 3)): {"n": 2, "ok": 1, "f:failed": 1, "t95": 1, "r:fix": 1},
        }
        assert total[("", date(2026, 2, 1))] == {
            "n": 3, "ok": 2, "b95": 1, "f:failed": 1, "t95": 1, "r:fix": 1, "x:aborted": 1,
        }  # fmt: skip
        assert {name: counts.get("n", 0) for (name, _), counts in products.items()} == {"api": 0, "web": 3}
        assert [name for name, _ in await store.dora(ask(by=By.PRODUCT, limit=1, after="api"))] == ["web"]
        assert await store.dora(ask(team="red")) == {
            k: {n: v for n, v in c.items() if n[0] != "x"} for k, c in total.items()
        }
        assert [name for name, _ in await store.dora(ask(by=By.ENVIRONMENT))] == ["production", "staging"]

    on_one(opening, act)


def test_a_mark_changes_the_counts(opening: Opening) -> None:
    async def act(store: Store) -> None:
        first = await told(store, deployed("a", 0, "1"))

        await store.mark(first.id, Mark(at=NOON, by="ann", failure=True))
        marked = await store.dora(ask())
        await store.mark(first.id, Mark(at=NOON, by="ann", failure=None, counted=False))
        excluded = await store.dora(ask())

        assert list(marked.values()) == [{"n": 1, "ok": 1, "f:marked": 1}]
        assert list(excluded.values()) == [{"x:excluded": 1}]

    on_one(opening, act)


def test_what_some_are_is_what_they_are_among_all(opening: Opening) -> None:
    async def act(store: Store) -> None:
        dice, history = random.Random(7), list[Any]()
        for number in range(70):
            status = dice.choices([Status.COMPLETED, Status.FAILED, Status.ABORTED], [8, 2, 1])[0]
            history.append(deployed(f"d{number}", number / 2, dice.choice("123"), status, product="many"))
        for number in range(60):
            history.append(deployed(f"s{number}", number, "latest", product="same"))
        history += [deployed("again", 60, "2", product="same"), deployed("back", 61, "latest", product="same")]
        for each in history:
            await store.record(each)
        everything = (await store.find(Query(limit=1000))).items
        expected: dict[str, Any] = {}
        for product in ("many", "same"):
            entries = sorted(
                entry for each in everything
                if each.product == product and (entry := entry_of(each, None)) and not entry.uncounted
            )  # fmt: skip
            expected |= {each.entry.id: (each.failure, each.rework) for each in judge(entries, Rules())}

        for size in (1, 2, 20, len(everything)):
            some = dice.sample(everything, size)
            found = {name: (each.failure, each.rework) for name, each in (await store.judgements(some)).items()}
            assert found == {each.id: expected[each.id] for each in some if each.id in expected}
        assert expected[next(each.id for each in everything if each.version == "2" and each.product == "same")] == (
            Failure.ROLLED_BACK, None,
        )  # fmt: skip
        assert await store.judgements([]) == {}

    on_one(opening, act)


STATUSES = st.sampled_from([*[Status.COMPLETED] * 3, Status.FAILED, Status.STARTED, Status.UNKNOWN])
NAMES, ROLLBACKS = st.integers(0, 24), st.sampled_from([None, None, None, True])
TOLD = st.tuples(NAMES, STATUSES, st.integers(0, 200), st.sampled_from("12345"), ROLLBACKS)
MARKED, BUILT = st.tuples(NAMES, st.booleans()), st.integers(1, 5)
STEPS = st.lists(st.one_of(TOLD, TOLD, TOLD, MARKED, BUILT), max_size=60)


def test_whatever_comes_in_whatever_order_the_counts_are_those_of_all_records(opening: Opening) -> None:
    @settings(max_examples=10, deadline=None)
    @given(STEPS)
    def holds(steps: Sequence[Any]) -> None:
        product = f"web-{next(_ends)}"

        async def act(one: Store, other: Store) -> None:
            for number, step in enumerate(steps):
                await _tell(step, (one, other)[number % 2], product)
            for store in (one, other):
                await until(partial(_agrees, store, product))

        on_two(opening, act)

    holds()


async def _tell(step: Any, store: Store, product: str) -> None:
    match step:
        case (name, status, hours, version, rollback):
            trigger = Trigger.ROLLBACK if rollback else None
            more = {"product": product, "metadata": {"team": product}, "trigger": trigger}
            await store.record(deployed(f"{product}-{name}", hours / 2, version, status, **more))
        case (name, failure):
            found = await store.find(Query(product=product, limit=1000))
            for each in found.items[name : name + 1]:
                await store.mark(each.id, Mark(at=NOON, by="ann", failure=failure))
        case version:
            commit = NOON - 5 * HOUR if version % 2 else None
            await store.record(build(str(version), at=NOON, version=str(version), product=product, committed_at=commit))


async def _agrees(store: Store, product: str) -> None:
    deployments = (await store.find(Query(product=product, limit=1000))).items
    builds = (await store.builds.find(Query(product=product, limit=1000))).items
    expected = cells(deployments, builds, Rules())
    for dimension, field in (("product", "product"), ("team", "team")):
        asked = ask(bucket=Bucket.DAY, **{field: product})
        found = {day: counts for (_, day), counts in (await store.dora(asked)).items() if counts}
        assert found == {key[3]: counts for key, counts in expected.items() if key[0] == dimension}
    for first, beyond in STRETCHES:
        asked = ask(product=product, first=first, beyond=beyond)
        assert list((await store.dora(asked)).values()) == _added_up(expected, first, beyond)
    standings = Standings()
    for each in deployments:
        standings.put(None, each)
    assert [each for each in await store.places() if each.product == product] == list(standings.places())


def _added_up(expected: Naive, first: date, beyond: date) -> list[Counts]:
    """Nothing, where there is nothing."""
    total = Counts()
    for (dimension, _, _, day), counts in expected.items():
        if dimension == "product" and first <= day < beyond:
            add(total, counts)
    return [total] if total else []


def test_the_naive_count_knows_a_rollback() -> None:
    """So that what the stores are compared with is compared with something."""
    records: list[Deployment] = []
    for number, version in enumerate(["1", "2", "1"]):
        records.append(_record(deployed(str(number), number, version)))

    found = cells(records, list[Build](), Rules())

    assert found[("product", "web", "production", date(2026, 3, 2))] == {
        "n": 3, "ok": 3, "f:rolled-back": 1, "t95": 1, "r:rollback": 1,
    }  # fmt: skip


def _record(told: Any) -> Deployment:
    record = decide(None, told).record
    assert isinstance(record, Deployment)
    return record
