"""Every combination of filters, in both directions, page by page: as by looking at each record."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

from deploytrail.record.model import ApplicationRef, Deployment, Report, Source, Status
from deploytrail.record.query import Query, answer
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, told
from tests.contract.conftest import Opening
from tests.reports import NOON, report

LAGS = [timedelta(hours=hours, seconds=seconds) for hours in (-30, -1, 0, 1, 9) for seconds in (-1, 0, 1)]
"""How long after it was told a deployment ended: around an hour the way to find it is another."""

FILTERS: dict[str, tuple[Any, ...]] = {
    "environment": (None, "asked-staging"),
    "status": (None, Status.FAILED, Status.STARTED),
    "source": (None, Source.ARGOCD, Source.QUANTA),
    "counted": (None, False),
    "open": (None, True),
    "since": (None, NOON - timedelta(hours=1), NOON + timedelta(hours=9)),
    "until": (None, NOON - timedelta(hours=1), NOON + timedelta(hours=1)),
    "oldest_first": (False, True),
}


async def fill(store: Store) -> list[Deployment]:
    return [await told(store, each) for each in _reports()]


def _reports() -> Iterator[Report]:
    for number, lag in enumerate(LAGS * 2):
        told_at = NOON + timedelta(minutes=number // 2)
        status = (Status.COMPLETED, Status.FAILED, Status.COMPLETED, Status.STARTED)[number % 4]
        yield report(
            f"asked-{number}",
            product="asked",
            environment=f"asked-{'staging' if number % 3 else 'production'}",
            status=status,
            source=Source.ARGOCD if number % 5 == 0 else Source.HIVEL,
            counted=number % 7 != 0,
            at=told_at,
            started_at=told_at + lag,
            finished_at=told_at + lag if status.terminal else None,
            application=ApplicationRef(namespace="argocd", name="web", uid="asked-1") if number % 5 == 0 else None,
        )


def test_questions_of_every_kind_are_answered_as_by_looking_at_each_record(opening: Opening) -> None:
    async def act(store: Store) -> None:
        everything = await fill(store)

        for values in product(*FILTERS.values()):
            query = Query(product="asked", limit=4, **dict(zip(FILTERS, values, strict=True)))
            while True:
                found = await store.find(query)
                assert found == answer(query, everything), query
                if found.next is None:
                    break
                query = query.model_copy(update={"before": found.next})

    on_one(opening, act)
