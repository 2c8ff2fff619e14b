"""What only the Kubernetes store can get wrong: sizes, strangers, and a process that ends between two writes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import BUILD_EVENTS, DEPLOYMENT_EVENTS, VERSIONS, Kube
from deploytrail.record.identity import quanta_series, version_id, versioner_series
from deploytrail.record.model import AnyReport, Build, BuildReport, Deployment, Mark, R, Status
from deploytrail.record.query import Query
from deploytrail.record.retention import Expired, Retention, Why
from deploytrail.record.version import claim_of
from deploytrail.stores.base import Recorded, VersionTaken
from deploytrail.stores.kubernetes import KubernetesStore
from deploytrail.stores.versions import ABANDONED_AFTER, PROVEN_AFTER, Holder, Versions
from tests.controlplane.cluster import Cluster
from tests.reports import NOON, build, note, report, stated
from tests.waiting import until

Act = Callable[[KubernetesStore, Kube, str], Awaitable[None]]
Play = Callable[[Act], None]

SERIES = versioner_series(product="web", version="1.2.3", environment="production")
VERSION = version_id(product="web", version="1.2.3")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
OLD = Retention(age=30 * DAY)
BIG = "x" * 1_300_000


@pytest.fixture
def play(crds: Cluster, namespace: str) -> Play:
    """Acts on a started store, with a client beside it."""

    async def scene(act: Act) -> None:
        kube = await Kube.connect(crds.kubeconfig)
        store = KubernetesStore(kube, namespace=namespace)
        await store.start()
        try:
            await until(store.check)
            await act(store, kube, namespace)
        finally:
            await store.stop()
            await kube.close()

    return lambda act: asyncio.run(scene(act))


async def claim(kube: Kube, namespace: str, told: BuildReport) -> None:
    """Bind the version of a build, and do not go on to record it: the process ends here."""
    claimed = claim_of(told)
    assert claimed is not None
    assert await Versions(kube, home=namespace).claim(claimed, Holder("BuildEvent", namespace, told.id)) is None


def test_a_claim_whose_writer_died_binds_nobody(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        await claim(kube, namespace, build("dead", commit="abc123"))

        alive = await store.record(build("alive", commit="def456", at=NOON + ABANDONED_AFTER + SECOND))
        revived = await store.record(build("dead", commit="abc123", at=NOON + 2 * ABANDONED_AFTER))

        assert isinstance(alive, Recorded)
        assert revived == VersionTaken("web", "1.2.3", "def456")
        bound = await kube.get(VERSIONS, namespace, VERSION)
        assert bound is not None
        assert bound["spec"]["record"] == alive.record.id

    play(act)


def test_a_claim_whose_writer_may_be_alive_is_waited_for_and_then_asked_to_come_again(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        slow = build("slow", commit="abc123")
        await claim(kube, namespace, slow)

        with pytest.raises(Unavailable, match="is just being recorded"):
            await store.record(build("rival", commit="def456", at=NOON + SECOND))

        assert isinstance(await store.record(slow), Recorded)
        assert isinstance(await store.record(build("rival", commit="def456", at=NOON + SECOND)), VersionTaken)

    play(act)


def test_a_writer_that_comes_back_finds_its_own_claim(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        await claim(kube, namespace, build(commit="abc123"))

        again = await store.record(build(commit="abc123", at=NOON + SECOND))

        assert isinstance(again, Recorded)
        assert again.created

    play(act)


def test_an_old_version_needs_no_record_any_more(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        first = await store.record(build(commit="abc123"))
        assert isinstance(first, Recorded)
        await kube.delete(BUILD_EVENTS, namespace, first.record.id)

        later = await store.record(build("b", commit="def456", at=NOON + PROVEN_AFTER + SECOND))

        assert isinstance(later, VersionTaken)

    play(act)


def test_an_administrator_frees_a_version_by_deleting_it(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        await store.record(build("a", commit="abc123"))
        await kube.delete(VERSIONS, namespace, VERSION)

        other = await store.record(build("b", commit="def456"))

        assert isinstance(other, Recorded)
        assert await store.record(build("c", commit="abc123")) == VersionTaken("web", "1.2.3", "def456")

    play(act)


def test_a_commit_that_two_spell_out_at_once_is_spelt_out(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        await store.record(build("first", commit="abc123"))
        longer = [build(f"run-{n}", commit="abc123def456"[: 7 + n % 6]) for n in range(12)]

        outcomes = await asyncio.gather(*(store.record(each) for each in longer))

        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
        bound = await store.version("web", "1.2.3")
        assert bound is not None
        assert bound.commit == "abc123def456"

    play(act)


@pytest.mark.parametrize(
    "too_large",
    [
        report(body=BIG),
        build(body=BIG, commit="abc123"),
        note(quanta_series(key="k", kind="comment", content="", window=SECOND), metadata={"icon": BIG}),
    ],
    ids=["a deployment", "a build", "a note"],
)
def test_what_etcd_cannot_hold_is_refused_and_leaves_no_trace(play: Play, too_large: AnyReport[R]) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        with pytest.raises(Rejected) as refusal:
            await store.record(too_large)

        assert refusal.value.reason == "too-large"
        assert await kube.get(VERSIONS, namespace, VERSION) is None

    play(act)


def test_a_record_takes_no_more_reports_than_an_object_holds(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        full = [report(status=Status.STARTED, content=str(n)) for n in range(200)]
        for each in full:
            await store.record(each)

        with pytest.raises(Rejected, match="has 200 reports already"):
            await store.record(report(status=Status.STARTED, content="one more"))

    play(act)


def test_a_stranger_in_a_records_place_is_said(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        told = stated(SERIES)
        spec = {"product": "x", "environment": "y", "status": "started"}
        body = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "metadata": {"name": told.id}}
        await kube.create(DEPLOYMENT_EVENTS, namespace, body | {"spec": spec})

        with pytest.raises(Rejected, match="stands where the record should be"):
            await store.record(told)

    play(act)


def test_a_record_that_was_deleted_is_told_anew(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        first = await store.record(stated(SERIES))
        assert isinstance(first, Recorded)
        await kube.delete(DEPLOYMENT_EVENTS, namespace, first.record.id)

        again = await store.record(stated(SERIES, Status.FAILED, at=NOON + SECOND))

        assert isinstance(again, Recorded)
        assert again.created
        assert again.record.id == first.record.id

    play(act)


def test_bodies_are_read_from_the_api_server_not_kept_in_memory(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        made = await store.record(build(body='{"raw": 1}'))
        assert isinstance(made, Recorded)

        shown: Build | None = await store.builds.get(made.record.id)

        assert shown is not None
        assert [each.body for each in shown.tellings] == [None]
        assert [each.body for each in await store.builds.reports(made.record.id) or ()] == ['{"raw": 1}']

    play(act)


def test_the_reports_of_what_somebody_applied_are_found_where_it_is(play: Play, crds: Cluster) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        elsewhere = "default"
        spec = {"product": "hand", "environment": "y", "status": "started"}
        metadata = {"generateName": "by-hand-"}
        body = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "metadata": metadata, "spec": spec}
        applied = await kube.create(DEPLOYMENT_EVENTS, elsewhere, body)
        name = applied["metadata"]["name"]
        await kube.patch_status(DEPLOYMENT_EVENTS, elsewhere, name, {"phase": "Progressing"})

        async def shown() -> str:
            (only,) = (await store.find(Query(product="hand"))).items
            return only.id

        reports = await store.deployments.reports(await until(shown))

        await kube.delete(DEPLOYMENT_EVENTS, elsewhere, name)
        assert reports is not None
        assert [each.source for each in reports] == ["kubectl"]

    play(act)


def test_what_people_say_of_an_applied_deployment_is_in_its_status(play: Play, crds: Cluster) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        spec = {"product": "marked", "environment": "y", "status": "started"}
        metadata = {"generateName": "by-hand-"}
        body = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "metadata": metadata, "spec": spec}
        name = (await kube.create(DEPLOYMENT_EVENTS, "default", body))["metadata"]["name"]
        await kube.patch_status(DEPLOYMENT_EVENTS, "default", name, {"phase": "Progressing"})

        async def shown() -> Deployment:
            (only,) = (await store.find(Query(product="marked"))).items
            return only

        record = await until(shown)
        said = [Mark(at=NOON, by="ann", comment=str(number)) for number in range(4)]

        await asyncio.gather(*(store.mark(record.id, each) for each in said))
        stored = await kube.get(DEPLOYMENT_EVENTS, "default", name)
        assert stored is not None
        stored["spec"]["status"] = "completed"
        await kube.replace(DEPLOYMENT_EVENTS, "default", name, stored)

        async def applied_again() -> list[str]:
            again = await shown()
            assert again.status is Status.COMPLETED
            return sorted(mark.comment or "" for mark in again.marks)

        comments = await until(applied_again)
        await kube.delete(DEPLOYMENT_EVENTS, "default", name)
        assert comments == ["0", "1", "2", "3"]
        assert "marks" not in stored["spec"]

    play(act)


@pytest.mark.parametrize("mark", ["labels", "annotations"])
def test_what_somebody_marked_is_kept_and_stays_marked(play: Play, mark: str) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        made = await store.record(report(status=Status.STARTED))
        assert isinstance(made, Recorded)
        await change(kube, namespace, made.record.id, **{mark: {"deploytrail.dev/keep": "true"}})
        await store.record(report(status=Status.FAILED, at=NOON + SECOND))

        async def kept() -> bool:
            record = await store.get(made.record.id)
            found = await store.expired(OLD, now=NOON + 90 * DAY, most=9)
            return record is not None and record.status is Status.FAILED and found == ()

        await until(kept)
        assert await store.remove([Expired(made.record.id, Deployment, Why.AGE)]) == ()
        stored = await kube.get(DEPLOYMENT_EVENTS, namespace, made.record.id)
        assert stored is not None
        assert stored["metadata"][mark]["deploytrail.dev/keep"] == "true"

        await change(kube, namespace, made.record.id, **{mark: {"deploytrail.dev/keep": "false"}})
        await until(lambda: found_again(store))

    async def found_again(store: KubernetesStore) -> bool:
        return len(await store.expired(OLD, now=NOON + 90 * DAY, most=9)) == 1

    play(act)


def test_what_changed_since_it_was_seen_is_not_removed(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        made = await store.record(report(status=Status.FAILED))
        assert isinstance(made, Recorded)
        for task in store._following:
            task.cancel()  # what happens from here on is not heard of
        await change(kube, namespace, made.record.id, labels={"deploytrail.dev/keep": ""})

        assert await store.remove(await store.expired(OLD, now=NOON + 90 * DAY, most=9)) == ()

        assert await kube.get(DEPLOYMENT_EVENTS, namespace, made.record.id) is not None

    play(act)


def test_what_people_applied_is_theirs_to_remove(play: Play) -> None:
    async def act(store: KubernetesStore, kube: Kube, namespace: str) -> None:
        spec = {"product": "hand", "environment": "y", "status": "failed"}
        body = {"apiVersion": "deploytrail.dev/v1alpha1", "kind": "DeploymentEvent", "spec": spec}
        applied = await kube.create(DEPLOYMENT_EVENTS, namespace, body | {"metadata": {"name": "by-hand"}})
        await kube.patch_status(DEPLOYMENT_EVENTS, namespace, "by-hand", {"phase": "Failed"})

        async def shown() -> str:
            (only,) = (await store.find(Query(product="hand"))).items
            return only.id

        record_id = await until(shown)
        later = datetime.fromisoformat(applied["metadata"]["creationTimestamp"]) + 90 * DAY

        assert await store.expired(OLD, now=later, most=9) == ()
        assert await store.remove([Expired(record_id, Deployment, Why.AGE)]) == ()
        assert await kube.get(DEPLOYMENT_EVENTS, namespace, "by-hand") is not None

    play(act)


async def change(kube: Kube, namespace: str, name: str, **metadata: dict[str, str]) -> None:
    """What somebody does with kubectl label or annotate."""
    stored = await kube.get(DEPLOYMENT_EVENTS, namespace, name)
    assert stored is not None
    for field, values in metadata.items():
        stored["metadata"][field] = {**stored["metadata"].get(field, {}), **values}
    await kube.replace(DEPLOYMENT_EVENTS, namespace, name, stored)
