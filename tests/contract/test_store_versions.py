"""A version is one commit for ever, whoever tells of it, however many do so at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from deploytrail.record.identity import versioner_series
from deploytrail.record.model import Binding, Source, Status
from deploytrail.record.query import Query
from deploytrail.stores.base import Duplicate, Recorded, Store, VersionTaken
from tests.contract.acting import on_one, on_two, told
from tests.contract.conftest import Opening
from tests.reports import NOON, build, report, stated
from tests.waiting import until

LENIENT, NONE, STRICT = Binding.LENIENT, Binding.NONE, Binding.STRICT


def test_c101_c102_another_commit_is_refused_and_leaves_no_trace(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await store.record(build("a", commit="abc123"))

        refused = await store.record(build("b", commit="def456"))

        assert refused == VersionTaken("web", "1.2.3", "abc123")
        assert len((await store.builds.find(Query())).items) == 1
        bound = await store.version("web", "1.2.3")
        assert bound is not None
        assert (bound.commit, bound.source, bound.first_seen_at) == ("abc123", Source.VERSIONER, NOON)

    on_one(opening, act)


@pytest.mark.parametrize("status", [Status.PENDING, Status.STARTED, Status.FAILED, Status.ABORTED])
def test_c110_it_is_refused_whatever_the_status(opening: Opening, status: Status) -> None:
    async def act(store: Store) -> None:
        await store.record(build("a", commit="abc123", status=Status.STARTED))

        refused = await store.record(build("a", commit="def456", status=status, content="other"))

        assert isinstance(refused, VersionTaken)
        (kept,) = (await store.builds.find(Query())).items
        assert (kept.status, kept.commit, len(kept.tellings)) == (Status.STARTED, "abc123", 1)

    on_one(opening, act)


@pytest.mark.parametrize(
    "told_first",
    [
        pytest.param([None, "abc123"], id="c103 first without, then with"),
        pytest.param(["abc123", None], id="c104 first with, then without"),
        pytest.param(["abc123", "abc123"], id="c104 twice the same"),
        pytest.param(["abc123", "ABC123DEF456"], id="c108 a longer one completes it"),
        pytest.param(["abc123def456", "abc1"], id="c108 a shorter one is the same"),
    ],
)
def test_a_version_keeps_its_commit(opening: Opening, told_first: Sequence[str | None]) -> None:
    async def act(store: Store) -> None:
        for n, commit in enumerate(told_first):
            await told(store, build(str(n), commit=commit))

        bound = await store.version("web", "1.2.3")

        assert bound is not None
        assert bound.commit == max((commit.lower() for commit in told_first if commit), key=len)
        assert isinstance(await store.record(build("other", commit="def456")), VersionTaken)

    on_one(opening, act)


def test_c105_another_product_has_its_own_versions(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, build("a", commit="abc123", product="web"))

        await told(store, build("b", commit="def456", product="cart"))

        assert await store.version("web", "9") is None

    on_one(opening, act)


def test_c106_c107_it_holds_between_builds_and_deployments(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, report("first", commit="abc123", binding=STRICT))

        built = await store.record(build(commit="def456"))
        deployed = await store.record(report("second", commit="def456", binding=STRICT))

        assert isinstance(built, VersionTaken)
        assert isinstance(deployed, VersionTaken)
        assert len((await store.find(Query())).items) == 1

    on_one(opening, act)


def test_c106_what_happened_all_the_same_is_recorded_and_marked(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, build(commit="abc123"))

        marked = await told(store, report("a", commit="def456", binding=LENIENT))
        unmarked = await told(store, report("b", commit="def456", binding=NONE))
        agreeing = await told(store, report("c", commit="abc123d", binding=LENIENT))

        assert (marked.commit, marked.version_conflict) == ("def456", "abc123")
        assert await store.get(marked.id) == marked
        assert (unmarked.version_conflict, agreeing.version_conflict) == (None, None)

    on_one(opening, act)


def test_a_lenient_first_commit_sets_it_for_all(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, report(commit="abc123", binding=LENIENT))

        assert isinstance(await store.record(build(commit="def456")), VersionTaken)

    on_one(opening, act)


@pytest.mark.parametrize("binding", [LENIENT, NONE])
def test_it_keeps_its_commit_though_its_own_record_goes_on_to_another(opening: Opening, binding: Binding) -> None:
    async def act(store: Store) -> None:
        series = versioner_series(product="web", version="1.2.3", environment="production")
        started = stated(series, Status.STARTED, commit="abc123", binding=STRICT)
        later = NOON + timedelta(minutes=1)
        await told(store, started)
        await told(store, stated(series, Status.STARTED, at=later, content="on", commit="def456", binding=binding))

        refused = await store.record(build(commit="def456", at=NOON + timedelta(minutes=2)))

        assert refused == VersionTaken("web", "1.2.3", "abc123")

    on_one(opening, act)


def test_a_repeated_report_is_repeated_even_when_its_version_is_taken(opening: Opening) -> None:
    async def act(store: Store) -> None:
        series = versioner_series(product="web", version="1.2.3", environment="production")
        first = stated(series, commit="abc123")
        await told(store, build(commit="def456"))
        kept = await told(store, first)

        again = await store.record(first.model_copy(update={"binding": STRICT}))

        assert again == Duplicate(kept)

    on_one(opening, act)


def test_c109_of_twenty_first_commits_at_once_exactly_one_wins(opening: Opening) -> None:
    async def act(one: Store, other: Store) -> None:
        rivals = [build(f"run-{n}", commit=f"{n:02x}abcdef") for n in range(20)]

        outcomes = await asyncio.gather(
            *(store.record(each) for store, each in zip([one, other] * 10, rivals, strict=True))
        )

        (winner,) = (outcome for outcome in outcomes if isinstance(outcome, Recorded))
        losers = [outcome for outcome in outcomes if isinstance(outcome, VersionTaken)]
        assert {loser.commit for loser in losers} == {winner.record.commit}
        assert len(losers) == 19

        async def seen() -> bool:
            return (await one.builds.find(Query())).items == (winner.record,)

        await until(seen)

    on_two(opening, act)
