"""Every store, on two replicas that take turns, ends in the state that the naive one has."""

import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.record.model import Annotation, Build, Deployment
from deploytrail.record.query import Query
from deploytrail.stores.base import Shelf, Store
from tests.contract.acting import on_two
from tests.contract.conftest import Opening
from tests.naive import NaiveStore, held, word
from tests.reports import NOON
from tests.telling import PAUSES, Told, reports
from tests.waiting import until

Story = Sequence[tuple[Told, timedelta, bool]]
"""What is told, how long after the one before, and whether to the other replica."""

_ends = itertools.count()


def test_any_order_of_reports_from_any_source_ends_as_the_naive_store(opening: Opening) -> None:
    @settings(max_examples=12, deadline=None)
    @given(st.lists(st.tuples(reports(), PAUSES, st.booleans()), min_size=5, max_size=30))
    def holds(story: Story) -> None:
        end = f"-{next(_ends)}"  # the records of one example are not in the way of the next

        async def act(one: Store, other: Store) -> None:
            naive = await _tell(story, one, other, end)
            for store in (one, other):
                await _agrees(store, naive, end)

        on_two(opening, act)

    holds()


async def _tell(story: Story, one: Store, other: Store, end: str) -> NaiveStore:
    naive, now = NaiveStore(), NOON
    for made, pause, elsewhere in story:
        now += pause
        report = made(now, end)
        expected = naive.tell(report)
        assert word(await (other if elsewhere else one).record(report)) == expected
    return naive


async def _agrees(store: Store, naive: NaiveStore, end: str) -> None:
    shelves: list[tuple[type, Shelf[Any]]] = [
        (Deployment, store.deployments),
        (Build, store.builds),
        (Annotation, store.annotations),
    ]

    async def shown() -> None:
        for kind, shelf in shelves:
            found = await shelf.find(Query(product=f"web{end}", limit=1000))
            assert sorted(map(held, found.items)) == naive.held(kind)
        for (product, version), commit in naive.versions.items():
            bound = await store.version(product, version)
            assert bound is not None
            assert bound.commit == commit

    await until(shown)
