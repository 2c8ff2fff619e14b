"""A store's content as lines, page by page: what is held in memory is a page, however much there is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from deploytrail.moving.lines import RECORDS, End, Item, head, kind_of
from deploytrail.record.model import R
from deploytrail.record.query import Query, sort_key
from deploytrail.stores.base import Held, Shelf, Store

PAGE = 200
AT_ONCE = 16
"""Records whose bodies are asked for at a time."""

PAUSE_SECONDS, TRIES = 0.1, 50
"""A record and its reports are read one after the other: while they differ, both are read again."""

Position = tuple[str, Any]

ORDER = ("version", *RECORDS, "preference")
"""Versions come first: in the store they go to, none may be bound to another commit before."""


async def export(store: Store, *, after: Position | None = None) -> AsyncIterator[Item]:
    """Everything from the beginning, or from where an earlier attempt has ended; the last is an End.

    Records are in the order in which they were made, so that those that are made meanwhile are among them. Raises
    Unavailable.
    """
    kind, place = after or (None, None)
    if kind is None:
        yield head(await store.began())
    rest = ORDER[ORDER.index(kind) :] if kind in ORDER else ORDER
    for each in rest:
        since = place if each == kind else None
        match each:
            case "version":
                async for held in _versions(store, since or ""):
                    yield held
            case "preference":
                for preference in await store.preferences.list():
                    yield preference
            case _:
                async for record in _records(_shelf(store, each), since):
                    yield record
    yield End()


async def _versions(store: Store, after: str) -> AsyncIterator[Held]:
    while True:
        page = await store.versions(after=after, limit=PAGE)
        for version in page:
            built = await store.builds.get(version.record)
            yield Held(version, RECORDS["deployment" if built is None else "build"])
        if len(page) < PAGE:
            return
        after = page[-1].id


def _shelf(store: Store, kind: str) -> Shelf[Any]:
    shelves: dict[str, Shelf[Any]] = {
        "deployment": store.deployments,
        "build": store.builds,
        "annotation": store.annotations,
    }
    return shelves[kind]


async def _records(shelf: Shelf[R], since: Any) -> AsyncIterator[R]:
    while True:
        page = await shelf.find(Query(oldest_first=True, limit=PAGE, before=since))
        for begin in range(0, len(page.items), AT_ONCE):
            some = page.items[begin : begin + AT_ONCE]
            for whole in await asyncio.gather(*(_whole(shelf, record) for record in some)):
                if whole is not None:
                    yield whole
        if page.next is None:
            return
        since = sort_key(page.items[-1])


async def _whole(shelf: Shelf[R], record: R) -> R | None:
    """The record with the bodies of its reports; None when it was removed meanwhile."""
    for _ in range(TRIES):
        heard = await shelf.reports(record.id)
        found = await shelf.get(record.id)
        if heard is None or found is None:
            return None
        if [each.fingerprint for each in heard] == [each.fingerprint for each in found.tellings]:
            return found.model_copy(update={"tellings": heard})
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError(f"{kind_of(record)} {record.id} changes all the time")
