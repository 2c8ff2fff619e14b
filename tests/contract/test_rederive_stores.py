"""Whatever the store, records are derived again from what it kept: the same by the same rules, others by others."""

import io
import json

from deploytrail.record.model import Deployment, Status
from deploytrail.rederive import rederive
from deploytrail.sources.http.dialect import Dialect, Head, Request
from deploytrail.stores.base import Store
from tests.contract.acting import on_one, told
from tests.contract.conftest import Opening
from tests.fakes import NOW, key
from tests.rederiving import MENDED, dialect, understand


async def hear(store: Store, *words: str) -> Deployment:
    """The record of reports with these words."""
    head = Head(method="POST", path="/fake", query="", headers={})
    said = {"run": "run-1", "product": "web", "commit": "abc123", "version": "1.2.3", "by": "alice"}
    for word in words:
        document = said | {"status": word}
        request = Request(head=head, key=key(), received_at=NOW, text=json.dumps(document), document=document)
        record = await told(store, understand(dialect(), request))
    assert isinstance(record, Deployment)
    return record


async def derive(store: Store, spoken: Dialect, *, apply: bool) -> list[dict[str, object]]:
    out = io.StringIO()
    await rederive(store, dialects=[spoken], keys=[key()], apply=apply, out=out, err=io.StringIO())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_by_the_same_rules_every_record_is_the_same(opening: Opening) -> None:
    async def act(store: Store) -> None:
        await hear(store, "begun", "broken", "done")

        assert await derive(store, dialect(), apply=False) == []

    on_one(opening, act)


def test_by_other_rules_it_is_another_once(opening: Opening) -> None:
    async def act(store: Store) -> None:
        before = await hear(store, "begun", "broken")

        first = await derive(store, dialect(MENDED), apply=True)
        second = await derive(store, dialect(MENDED), apply=True)

        after = await store.get(before.id)
        assert [line["id"] for line in first] == [before.id]
        assert second == []
        assert after is not None
        assert (after.status, after.updated_at, after.deployed_by) == (Status.ABORTED, before.updated_at, "alice")
        assert [telling.status for telling in after.tellings] == [Status.STARTED, Status.ABORTED]

    on_one(opening, act)
