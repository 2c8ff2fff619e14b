"""Records in order: the same pages as by sorting all of them, while they come and go."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.lifecycle import decide
from deploytrail.record.model import ApplicationRef, Deployment, Source, Status
from deploytrail.record.query import Query, answer
from deploytrail.stores.timeline import Timeline
from tests.reports import NOON, report

ALL = [
    decide(
        None,
        report(
            f"d{number}",
            product="web" if number % 3 else "cart",
            environment="production" if number % 7 else "staging",
            status=Status.FAILED if number % 5 == 0 else Status.STARTED if number % 5 == 1 else Status.COMPLETED,
            source=Source.HIVEL if number % 2 else Source.ARGOCD,
            counted=number % 4 != 1,
            at=NOON + timedelta(seconds=number // 2),
            finished_at=NOON + timedelta(seconds=number * 7 % 11) if number % 5 != 1 else None,
            missed_before=number % 4 == 0,
            application=ApplicationRef(namespace="argocd", name="web", uid="u-1") if number % 6 == 0 else None,
        ),
    ).record
    for number in range(20)
]

queries = st.builds(
    Query,
    product=st.sampled_from([None, "web", "cart", "none"]),
    status=st.sampled_from([None, Status.FAILED, Status.STARTED]),
    environment=st.sampled_from([None, "production", "staging"]),
    source=st.sampled_from([None, *Source]),
    counted=st.sampled_from([None, True, False]),
    open=st.sampled_from([None, True, False]),
    missed=st.sampled_from([None, True, False]),
    application_uid=st.sampled_from([None, "u-1", "none"]),
    since=st.sampled_from([None, NOON + timedelta(seconds=4)]),
    until=st.sampled_from([None, NOON + timedelta(seconds=7)]),
    oldest_first=st.booleans(),
    limit=st.integers(1, 25),
)


class Held:
    """What a store holds, and its order."""

    def __init__(self) -> None:
        self.records: dict[str, Deployment] = {}
        self.timeline = Timeline[Deployment](self.records.__getitem__)

    def toggle(self, record: Deployment) -> None:
        if self.records.pop(record.id, None) is not None:
            self.timeline.remove(record)
        else:
            self.records[record.id] = record
            self.timeline.add(record)


def pages(held: Held, query: Query) -> Iterator[tuple[Deployment, ...]]:
    while True:
        found = held.timeline.find(query)
        assert found == answer(query, held.records.values())
        yield found.items
        if found.next is None:
            return
        query = query.model_copy(update={"before": found.next})


@given(st.lists(st.sampled_from(ALL), max_size=60), queries)
def test_pages_are_those_of_all_records_sorted(changes: list[Deployment], query: Query) -> None:
    held = Held()
    for record in changes:
        held.toggle(record)

    shown = [record for items in pages(held, query) for record in items]

    everything = query.model_copy(update={"limit": 1000})
    assert tuple(shown) == answer(everything, held.records.values()).items


def test_no_more_is_looked_at_than_the_page_needs() -> None:
    looked: list[str] = []
    held = {record.id: record for record in ALL}

    def get(record_id: str) -> Deployment:
        looked.append(record_id)
        return held[record_id]

    timeline = Timeline[Deployment](get)
    for record in ALL:
        timeline.add(record)

    timeline.find(Query(limit=3))

    assert len(looked) == 4


def test_what_is_rare_is_found_without_a_look_at_the_rest() -> None:
    looked: list[str] = []
    held = {record.id: record for record in ALL}

    def get(record_id: str) -> Deployment:
        looked.append(record_id)
        return held[record_id]

    timeline = Timeline[Deployment](get)
    for record in ALL:
        timeline.add(record)

    found = timeline.find(Query(product="web", environment="staging", until=NOON + timedelta(seconds=6)))

    assert found.items
    assert len(looked) <= sum(record.environment == "staging" for record in ALL)


@pytest.mark.parametrize(
    "query", [Query(source=Source.QUANTA), Query(until=NOON - timedelta(days=1)), Query(environment="nowhere")]
)
def test_for_what_is_not_there_nothing_is_looked_at(query: Query) -> None:
    timeline = Timeline[Deployment](lambda record_id: pytest.fail(f"looked at {record_id}"))
    for record in ALL:
        timeline.add(record)

    assert timeline.find(query).items == ()
