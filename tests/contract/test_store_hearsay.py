"""Whatever the store: what was told second-hand gives way to the watch, and a note leaves the status as it is."""

from typing import Any

from deploytrail.record.model import Repeat, Report, Source, Status
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, told
from tests.contract.conftest import Opening
from tests.reports import NOON, report


def said(source: Source, status: Status, repeat: Repeat, **more: Any) -> Report:
    return report(status=status, source=source, repeat=repeat, content=f"{source}{status}{repeat}", **more)


def test_the_verdict_of_the_watch_takes_the_place_of_what_was_told_second_hand(opening: Opening) -> None:
    async def act(store: Store) -> None:
        notified = said(Source.ARGOCD_NOTIFICATIONS, Status.COMPLETED, Repeat.YIELD, finished_at=NOON, settled_at=NOON)
        watched = said(Source.ARGOCD, Status.FAILED, Repeat.KEEP, finished_at=NOON, reason="health Degraded")
        late = said(Source.ARGOCD_NOTIFICATIONS, Status.ABORTED, Repeat.YIELD)

        for each in (notified, watched, late):
            record = await told(store, each)

        stored = await store.get(record.id)
        assert stored is not None
        assert (stored.status, stored.reason, stored.settled_at) == (Status.FAILED, "health Degraded", None)
        assert [telling.source for telling in stored.tellings] == [Source.ARGOCD_NOTIFICATIONS, Source.ARGOCD]

    on_one(opening, act)


def test_a_note_is_kept_with_the_record_and_leaves_its_status(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await told(store, said(Source.ARGOCD, Status.STARTED, Repeat.KEEP))
        record = await told(store, said(Source.VIBEMONITOR, Status.COMPLETED, Repeat.NOTE, branch="main"))

        stored = await store.get(record.id)
        assert stored is not None
        assert (stored.status, stored.branch, stored.finished_at) == (Status.STARTED, "main", None)
        assert [(telling.status, telling.raw_status) for telling in stored.tellings] == [
            (Status.STARTED, "started"),
            (Status.STARTED, "completed"),
        ]

    on_one(opening, act)
