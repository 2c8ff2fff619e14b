"""Every store as a machine: whatever is told, marked and wished for, on either replica, it ends as the model does.

What is acknowledged is seen at once on the replica that acknowledged it; in the end both show the same.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Mark
from deploytrail.record.preference import prefer
from deploytrail.record.query import Query
from deploytrail.stores.base import Outcome, Shelf, Store, VersionTaken
from tests.contract.conftest import Opening
from tests.naive import NaiveStore, held, word
from tests.reports import NOON
from tests.telling import PAUSES, Told, reports
from tests.waiting import until

T = TypeVar("T")

_ends = itertools.count()


class Replicas(RuleBasedStateMachine):
    """Two replicas of one store, and what they must be like."""

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._end = f"-machine-{next(_ends)}"  # the records of one run are not in the way of the next
        self._naive, self._now = NaiveStore(), NOON
        self._marks: dict[str, list[str]] = {}
        self._channels: set[str] = set()
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._replicas = self._do(self._open(opening))

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

    def _told(self, *reports: AnyReport[Any]) -> tuple[NaiveStore, dict[int, str]]:
        """What the model becomes, and says, of these in this order."""
        naive = deepcopy(self._naive)
        return naive, {id(report): naive.tell(report) for report in reports}

    async def _record_at_once(self, one: AnyReport[Any], other: AnyReport[Any]) -> list[Outcome[Any]]:
        first, second = self._replicas
        return list(await asyncio.gather(first.record(one), second.record(other)))

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


def shelf_of(store: Store, kind: type[Any]) -> Shelf[Any]:
    shelves: dict[type[Any], Shelf[Any]] = {
        Deployment: store.deployments, Build: store.builds, Annotation: store.annotations,
    }  # fmt: skip
    return shelves[kind]


def test_a_store_is_what_the_model_is_after_any_steps(opening: Opening) -> None:
    class Here(Replicas):
        def __init__(self) -> None:
            super().__init__(opening)

    run_state_machine_as_test(Here, settings=settings(max_examples=10, stateful_step_count=20, deadline=None))
