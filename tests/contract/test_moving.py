"""From store to store and back: what is exported from one and imported into another is the same there."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from deploytrail.kube.client import DEPLOYMENT_EVENTS, Kube
from deploytrail.moving.exporting import export
from deploytrail.moving.importing import Import, Tally
from deploytrail.moving.lines import Item, position, write
from deploytrail.record.identity import quanta_series, versioner_series
from deploytrail.record.model import AnyReport, Binding, Mark, Record, Status
from deploytrail.record.preference import Preference
from deploytrail.stores.base import Store
from deploytrail.stores.memory import MemoryStore
from tests.contract.acting import on_one, told
from tests.contract.conftest import Opening
from tests.contract.replicas import in_cluster, replica
from tests.controlplane.cluster import Cluster
from tests.reports import NOON, build, note, report, stated
from tests.waiting import until

MINUTE = timedelta(minutes=1)


def story() -> list[AnyReport[Any]]:
    """Of every type, with bodies, series, versions and what is still open."""
    series = versioner_series(product="web", version="2.0", environment="production")
    place: dict[str, Any] = {"product": "web", "version": "2.0", "environment": "production"}
    return [
        report("one", status=Status.STARTED, body='{"state": "started"}', branch="main"),
        report("one", at=NOON + MINUTE, finished_at=NOON + MINUTE, body='{"state": "completed"}', images=("a:1",)),
        stated(series, Status.FAILED, commit="abc123", binding=Binding.STRICT, **place),
        stated(series, Status.STARTED, at=NOON + timedelta(hours=1), **place),
        build("run-1", body="{}", commit="def456", version="3.0", metadata={"é": [1, None, {"x": 2.5}]}),
        note(quanta_series(key="shop", kind="comment", content="x", window=timedelta(0))),
    ]


async def fill(store: Store) -> None:
    for each in story():
        await store.record(each)
    await store.mark(story()[0].id, Mark(at=NOON + 2 * MINUTE, by="alice", failure=True, comment="it was"))
    await store.preferences.put(
        Preference(id="p-1", event_type="deployment.failed", channel_id="c", created_at=NOON, created_by="ci")
    )


async def exported(store: Store) -> list[Item]:
    return [item async for item in export(store)]


async def imported(store: Store, lines: Sequence[bytes], *, skip: int = 0) -> Tally:
    async def given() -> AsyncIterator[bytes]:
        for line in lines:
            yield line

    complaints: list[str] = []
    tally = await Import(store, complaints.append).run(given(), skip=skip)
    assert complaints == []
    return tally


async def moved(source: Store, target: Store) -> None:
    """Export, import twice, and export again: the same comes out."""
    items = await exported(source)
    lines = [write(item) for item in items]

    first, again = await imported(target, lines), await imported(target, lines)

    records = first.added
    assert (first.merged, first.unchanged, first.refused, first.whole) == (0, 0, 0, True)
    assert (again.added, again.merged, again.unchanged) == (0, 0, records)
    await until(lambda: _same(target, items))


async def _same(store: Store, items: Sequence[Item]) -> None:
    assert (await exported(store))[1:] == list(items)[1:]


def test_from_kubernetes_to_postgresql_to_sqlite_and_back_all_is_equal(
    crds: Cluster, namespace: str, postgresql_url: str, tmp_path: Path
) -> None:
    async def scene() -> None:
        elsewhere = await asyncio.to_thread(crds.create_namespace)
        async with AsyncExitStack() as stack:
            first, kube = await stack.enter_async_context(in_cluster(crds, namespace))
            last, _ = await stack.enter_async_context(in_cluster(crds, elsewhere))
            postgresql = await stack.enter_async_context(replica(postgresql_url))
            sqlite = await stack.enter_async_context(replica(f"sqlite:///{tmp_path}/moved.db"))
            await fill(first)
            applied = await apply(kube, namespace)
            await until(lambda: _count(first, 4))

            await moved(first, postgresql)
            await moved(postgresql, sqlite)
            await kube.delete(DEPLOYMENT_EVENTS, namespace, applied)  # else it would be its own record
            await until(lambda: _count(last, 0))
            await moved(sqlite, last)

        await asyncio.to_thread(crds.delete_namespace, elsewhere)

    asyncio.run(scene())


async def apply(kube: Kube, namespace: str) -> str:
    """What somebody applied, and the operator has seen."""
    spec = {"product": "hand", "environment": "staging", "status": "completed", "finishedAt": "2026-03-02T12:00:00Z"}
    body = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "metadata": {"name": "by-hand"}}
    await kube.create(DEPLOYMENT_EVENTS, namespace, body | {"spec": spec})
    history = [{"status": "completed", "at": "2026-03-02T12:00:00Z"}]
    await kube.patch_status(DEPLOYMENT_EVENTS, namespace, "by-hand", {"phase": "Succeeded", "history": history})
    return "by-hand"


async def _count(store: Store, number: int) -> None:
    assert len([item for item in await exported(store) if type(item).__name__ == "Deployment"]) == number


def test_the_size_of_a_store_is_the_length_of_its_export(opening: Opening) -> None:
    async def act(store: Store) -> None:
        assert await store.size() == 0

        await fill(store)

        assert await store.size() == len(await exported(store)) - len(("head", "preference", "end"))

    on_one(opening, act)


async def ids(store: Store) -> set[tuple[type[Record], str]]:
    return {(type(item), item.id) for item in await exported(store) if isinstance(item, Record)}


def test_a_moved_record_has_the_id_that_a_replay_gives_it(crds: Cluster, namespace: str, postgresql_url: str) -> None:
    async def scene() -> None:
        replayed = MemoryStore()
        for each in story():
            await replayed.record(each)
        async with in_cluster(crds, namespace) as (cluster, _), replica(postgresql_url) as database:
            await fill(cluster)
            await moved(cluster, database)
            assert await ids(database) == await ids(replayed)

    asyncio.run(scene())


def test_an_export_goes_on_from_any_line(tmp_path: Path) -> None:
    async def scene() -> None:
        async with replica(f"sqlite:///{tmp_path}/trail.db") as store:
            await fill(store)
            items = await exported(store)

            for before, rest in ((items[:n], items[n:]) for n in range(2, len(items))):
                kind, _ = at = position(before[-1])
                if kind == "preference":
                    continue  # few, and told again
                assert [item async for item in export(store, after=at)] == rest

    asyncio.run(scene())


def test_an_import_goes_on_from_any_line(tmp_path: Path) -> None:
    async def scene() -> None:
        source = MemoryStore()
        await fill(source)
        lines = [write(item) for item in await exported(source)]
        for n, skip in enumerate(range(1, len(lines), 3)):
            async with replica(f"sqlite:///{tmp_path}/{n}.db") as store:
                await imported(store, lines[:skip])

                rest = await imported(store, lines, skip=skip)

                assert rest.lines == len(lines)
                assert rest.unchanged == 0
                assert (await exported(store))[1:] == (await exported(source))[1:]

    asyncio.run(scene())


def test_a_line_that_cannot_be_taken_in_is_said_with_its_number_and_the_others_are_taken(url: str) -> None:
    """Whatever the line is of, and wherever it stands."""

    async def scene() -> None:
        source, said = MemoryStore(began=NOON), list[str]()
        await fill(source)
        good = [write(item) for item in await exported(source)]
        bad = [with_nul(next(line for line in good if line.startswith(b'{"kind":"%s"' % kind))) for kind in SPOILT]
        bad.append(b'{"kind":[],"content":{}}')
        lines = [good[0], *sorted([*good[1:-1], *bad]), good[-1]]  # a bad one among the good ones of its kind

        async def given() -> AsyncIterator[bytes]:
            for line in lines:
                yield line

        async with replica(url) as store:
            tally = await Import(store, said.append).run(given())

            assert (tally.refused, tally.whole, tally.lines) == (len(bad), True, len(lines))
            assert (await exported(store))[1:] == (await exported(source))[1:]
        numbers = {n for n, line in enumerate(lines, start=1) if line in bad}
        assert {int(sentence.split(":")[0].removeprefix("line ")) for sentence in said} == numbers
        assert all(": left out: " in sentence for sentence in said)

    asyncio.run(scene())


SPOILT = (b"deployment", b"build", b"annotation", b"version", b"preference")


def with_nul(line: bytes) -> bytes:
    """The same under another id, which no database takes."""
    return line.replace(b'"id":"', b'"id":"\\u0000', 1)


def test_what_is_reported_while_it_moves_is_not_lost(postgresql_url: str, tmp_path: Path) -> None:
    """Both stores are written to: the one that is left until it is left, the other from then on."""

    async def scene() -> None:
        async with replica(f"sqlite:///{tmp_path}/old.db") as old, replica(postgresql_url) as new:
            numbers = itertools.count()

            async def begin(store: Store) -> str:
                return (await told(store, report(f"m{next(numbers)}", status=Status.STARTED))).id

            async def end(store: Store, n: int) -> None:
                await told(store, report(f"m{n}", at=NOON + MINUTE, finished_at=NOON + MINUTE))

            ids = [await begin(old) for _ in range(4)]
            await imported(new, [write(item) for item in await exported(old)])
            await end(old, 0)  # after the first export, before the move
            ids.append(await begin(old))
            await end(new, 1)  # began before the first export, ends after the move
            await end(new, 4)  # began after the first export, ends after the move: not known here yet
            await imported(new, [write(item) for item in await exported(old)])

            found = {name: await new.get(name) for name in ids}
            assert [record.status.value if record else None for record in found.values()] == [
                "completed", "completed", "started", "started", "completed",
            ]  # fmt: skip
            assert [len(record.tellings) if record else 0 for record in found.values()] == [2, 2, 1, 1, 2]

    asyncio.run(scene())
