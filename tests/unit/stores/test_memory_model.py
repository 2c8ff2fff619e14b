"""Any order of reports from any source leaves a store in the state that the naive one has."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Record
from deploytrail.record.query import Query
from deploytrail.record.version import same_commit
from deploytrail.stores.memory import MemoryShelf, MemoryStore
from tests.naive import NaiveStore, held, word
from tests.reports import NOON
from tests.telling import PAUSES, Told, reports


class Model(RuleBasedStateMachine):
    """Tells both stores the same and compares what they answer and what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store, self.naive = MemoryStore(), NaiveStore()
        self.now, self.told = NOON, list[AnyReport[Any]]()

    def teardown(self) -> None:
        self.runner.close()

    @rule(made=reports(), pause=PAUSES)
    def tell(self, made: Told, pause: timedelta) -> None:
        self.now += pause
        self._tell(made(self.now, ""))

    @rule(data=st.data(), pause=PAUSES)
    def repeat(self, data: st.DataObject, pause: timedelta) -> None:
        if self.told:
            self.now += pause
            earlier = data.draw(st.sampled_from(self.told))
            telling = earlier.telling.model_copy(update={"received_at": self.now})
            self._tell(earlier.model_copy(update={"telling": telling}))

    def _tell(self, report: AnyReport[Any]) -> None:
        expected = self.naive.tell(report)
        outcome = self.runner.run(self.store.record(report))
        assert word(outcome) == expected
        self.told.append(report)

    @invariant()
    def every_record_is_as_it_was_told(self) -> None:
        shelves: dict[type[Record], MemoryShelf[Any]] = {
            Deployment: self.store.deployments,
            Build: self.store.builds,
            Annotation: self.store.annotations,
        }
        for kind, shelf in shelves.items():
            found = self.runner.run(shelf.find(Query(limit=1000))).items
            assert sorted(map(held, found)) == self.naive.held(kind)

    @invariant()
    def versions_are_bound_as_they_were_claimed(self) -> None:
        for (product, version), commit in self.naive.versions.items():
            bound = self.runner.run(self.store.version(product, version))
            assert bound is not None
            assert bound.commit == commit

    @invariant()
    def a_build_never_is_of_another_commit_than_its_version(self) -> None:
        for each in self.runner.run(self.store.builds.find(Query(limit=1000))).items:
            bound = self.runner.run(self.store.version(each.product, each.version))
            assert each.commit is None or (bound is not None and same_commit(bound.commit, each.commit))


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
