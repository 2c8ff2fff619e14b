"""Every store as a machine: whatever is told, marked and wished for, on either replica, it ends as the model does.

What is acknowledged is seen at once on the replica that acknowledged it; in the end both show the same.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deploytrail.errors import Conflict, Unavailable
from deploytrail.kube.client import Kube, Object
from deploytrail.kube.conditions import accepted, refused
from deploytrail.kube.forms import DEPLOYMENT
from deploytrail.kube.objects import from_object
from deploytrail.kube.resources import API_VERSION
from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Mark
from deploytrail.record.preference import prefer
from deploytrail.record.query import Query
from deploytrail.sources.resources import to_report
from deploytrail.stores.base import Outcome, Shelf, Store, VersionTaken
from tests.contract.conftest import Opening
from tests.controlplane.cluster import Cluster
from tests.naive import NaiveStore, held, word
from tests.reports import NOON
from tests.telling import PAUSES, Told, applied, reports
from tests.waiting import until

T = TypeVar("T")
Spec = dict[str, str]

_ends = itertools.count()


async def _record(store: Store, report: AnyReport[Any]) -> Outcome[Any]:
    """As clients do, who tell it again when they are asked to: while a version is being bound, its commit is open."""
    for _ in range(10):
        with contextlib.suppress(Unavailable):
            return await store.record(report)
    return await store.record(report)


class Replicas(RuleBasedStateMachine):
    """Two replicas of one store, and what they must be like."""

    def __init__(self, opening: Opening, cluster: Cluster, namespace: str) -> None:
        super().__init__()
        self._end = f"-machine-{next(_ends)}"  # the records of one run are not in the way of the next
        self._naive, self._now = NaiveStore(), NOON
        self._marks: dict[str, list[str]] = {}
        self._channels: set[str] = set()
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._applied: dict[str, Spec] = {}
        self._replicas = self._do(self._open(opening))
        self._objects = self._do(self._stack.enter_async_context(objects(cluster, namespace)))

    @rule(made=reports(), pause=PAUSES, replica=st.sampled_from([0, 1]))
    def tell(self, made: Told, pause: timedelta, replica: int) -> None:
        self._now += pause
        report, store = made(self._now, self._end), self._replicas[replica]
        expected = self._naive.tell(report)

        outcome = self._do(store.record(report))

        assert word(outcome) == expected
        if isinstance(outcome, VersionTaken):
            return
        record = outcome.record
        shown = self._do(shelf_of(store, type(record)).get(record.id))
        assert shown is not None
        assert held(shown) == held(record)
        self._note(outcome)

    @rule(made=st.tuples(reports(), reports()), pause=PAUSES)
    def tell_at_once(self, made: tuple[Told, Told], pause: timedelta) -> None:
        """One report on each replica: it ends as if one had come after the other, whichever was first."""
        self._now += pause
        one, other = (each(self._now, self._end) for each in made)

        outcomes = self._do(self._record_at_once(one, other))

        words = [word(outcome) for outcome in outcomes]
        orders = [self._told(one, other), self._told(other, one)]
        possible = [naive for naive, said in orders if [said[id(one)], said[id(other)]] == words]
        assert possible, words
        for outcome in outcomes:
            self._note(outcome)
        self._naive = self._do(until(lambda: self._fitting(possible)))

    @rule(name=st.sampled_from("mn"), made=applied(), replica=st.sampled_from([0, 1]))
    def apply(self, name: str, made: Spec, replica: int) -> None:
        """Somebody applies an object, new or as it is with a further status, and the operator takes it in."""
        before = self._applied.get(name)
        if before is not None and (before["status"] != "started" or made["status"] == "started"):
            return  # of what is over the API server takes no other status; the same again is not told again
        self._applied[name] = before | {"status": made["status"]} if before else made | {"product": f"web{self._end}"}
        obj = self._do(self._objects.put(f"{name}{self._end}", self._applied[name]))
        report = to_report(from_object(obj, DEPLOYMENT, home=self._objects.namespace))
        expected, store = self._naive.tell(report), self._replicas[replica]

        outcome = self._do(store.record(report))

        assert word(outcome) == expected
        self._do(self._objects.answer(obj, outcome))
        if isinstance(outcome, VersionTaken):
            del self._applied[name]
            self._do(self._objects.delete(obj))
            return
        self._note(outcome)
        for each in self._replicas:
            self._do(until(lambda each=each: self._agrees(each, self._naive)))  # type: ignore[misc]

    def _told(self, *reports: AnyReport[Any]) -> tuple[NaiveStore, dict[int, str]]:
        """What the model becomes, and says, of these in this order."""
        naive = deepcopy(self._naive)
        return naive, {id(report): naive.tell(report) for report in reports}

    async def _record_at_once(self, one: AnyReport[Any], other: AnyReport[Any]) -> list[Outcome[Any]]:
        first, second = self._replicas
        return list(await asyncio.gather(_record(first, one), _record(second, other)))

    async def _fitting(self, possible: Sequence[NaiveStore]) -> NaiveStore:
        """The one that the first replica shows; a replica may hear a moment later of what the other recorded."""
        *others, last = possible
        for naive in others:
            with contextlib.suppress(AssertionError):
                await self._agrees(self._replicas[0], naive)
                return naive
        await self._agrees(self._replicas[0], last)
        return last

    def _note(self, outcome: Outcome[Any]) -> None:
        if not isinstance(outcome, VersionTaken) and isinstance(outcome.record, Deployment):
            self._marks.setdefault(outcome.record.id, [])

    @precondition(lambda self: bool(self._marks))
    @rule(data=st.data(), comment=st.sampled_from(["bad", "good"]), replica=st.sampled_from([0, 1]))
    def mark(self, data: st.DataObject, comment: str, replica: int) -> None:
        said = self._marks[name := data.draw(st.sampled_from(sorted(self._marks)))]
        if said[-1:] != [comment]:
            said.append(comment)
        store = self._replicas[replica]

        marked = self._do(store.mark(name, Mark(at=self._now, by="alice", comment=comment)))

        assert marked is not None
        assert [mark.comment for mark in marked.marks] == said
        shown = self._do(store.get(name))
        assert shown is not None
        assert shown.marks == marked.marks

    @rule(channel=st.sampled_from("abc"), replica=st.sampled_from([0, 1]))
    def wish(self, channel: str, replica: int) -> None:
        self._channels.add(channel)

        self._do(self._replicas[replica].preferences.put(self._preference(channel)))

    @rule(channel=st.sampled_from("abc"), replica=st.sampled_from([0, 1]))
    def wish_no_more(self, channel: str, replica: int) -> None:
        was_there = channel in self._channels
        self._channels.discard(channel)

        assert self._do(self._replicas[replica].preferences.delete(self._preference(channel).id)) is was_there

    def teardown(self) -> None:
        try:
            for store in self._replicas:
                self._do(until(lambda store=store: self._agrees(store, self._naive)))  # type: ignore[misc]
        finally:
            self._do(self._stack.aclose())
            self._runner.close()

    async def _agrees(self, store: Store, naive: NaiveStore) -> None:
        for kind in (Deployment, Build, Annotation):
            found = await shelf_of(store, kind).find(Query(product=f"web{self._end}", limit=1000))
            assert sorted(map(held, found.items)) == naive.held(kind)
        for name, said in self._marks.items():
            record = await store.get(name)
            assert record is not None
            assert [mark.comment for mark in record.marks] == said
        for (product, version), commit in naive.versions.items():
            bound = await store.version(product, version)
            assert bound is not None
            assert bound.commit == commit
        wished = {each.channel_id for each in await store.preferences.list()}
        assert {each.removesuffix(self._end) for each in wished if each.endswith(self._end)} == self._channels

    def _preference(self, channel: str) -> Any:
        return prefer(
            event_type="deployment.failed", channel_id=f"{channel}{self._end}", created_at=NOON, created_by="ci"
        )

    async def _open(self, opening: Opening) -> list[Store]:
        return [await self._stack.enter_async_context(opening()) for _ in range(2)]

    def _do(self, act: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(act)


class Objects:
    """DeploymentEvents as people apply them, and the operator's part in them."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube, self.namespace = kube, namespace

    async def put(self, name: str, spec: Spec) -> Object:
        body: Object = {"apiVersion": API_VERSION, "kind": DEPLOYMENT.name, "metadata": {"name": name}, "spec": spec}
        there = await self._kube.get(DEPLOYMENT.kind, self.namespace, name)
        if there is None:
            return await self._kube.create(DEPLOYMENT.kind, self.namespace, body)
        return await self._kube.replace(DEPLOYMENT.kind, self.namespace, name, there | {"spec": spec})

    async def answer(self, obj: Object, outcome: Outcome[Any]) -> None:
        match outcome:
            case VersionTaken():
                status = refused(obj, Conflict("Version already exists"), now=NOON)
            case _:
                status = accepted(obj, outcome.record)
        await self._kube.patch_status(DEPLOYMENT.kind, self.namespace, obj["metadata"]["name"], status)

    async def delete(self, obj: Object) -> None:
        await self._kube.delete(DEPLOYMENT.kind, self.namespace, obj["metadata"]["name"])


@contextlib.asynccontextmanager
async def objects(cluster: Cluster, namespace: str) -> AsyncIterator[Objects]:
    kube = await Kube.connect(cluster.kubeconfig)
    try:
        yield Objects(kube, namespace)
    finally:
        await kube.close()


def shelf_of(store: Store, kind: type[Any]) -> Shelf[Any]:
    shelves: dict[type[Any], Shelf[Any]] = {
        Deployment: store.deployments, Build: store.builds, Annotation: store.annotations,
    }  # fmt: skip
    return shelves[kind]


def test_a_store_is_what_the_model_is_after_any_steps(opening: Opening, crds: Cluster, namespace: str) -> None:
    class Here(Replicas):
        def __init__(self) -> None:
            super().__init__(opening, crds, namespace)

    run_state_machine_as_test(Here, settings=settings(max_examples=10, stateful_step_count=20, deadline=None))
