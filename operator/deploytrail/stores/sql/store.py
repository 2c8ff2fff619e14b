"""The port on a SQL database."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, update

from deploytrail import telemetry
from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.record.dora.judging import Judgement, Rules
from deploytrail.record.dora.question import Question, Sums
from deploytrail.record.identity import version_id
from deploytrail.record.marks import marked
from deploytrail.record.model import Annotation, AnyReport, Build, Deployment, Mark, R, Record, Telling
from deploytrail.record.query import Page, Query, sort_key
from deploytrail.record.retention import Expired, Retention
from deploytrail.record.running import Running, Tried
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.record.totals import Place, Totals
from deploytrail.record.version import Version
from deploytrail.stores.base import Held, Outcome, Restored
from deploytrail.stores.beginning import Beginning
from deploytrail.stores.sql import expiry, questions, restoring
from deploytrail.stores.sql.database import Database
from deploytrail.stores.sql.door import Door
from deploytrail.stores.sql.grouping import GroupCommit
from deploytrail.stores.sql.ingest import Answer, ingest
from deploytrail.stores.sql.judgements import read_judgements
from deploytrail.stores.sql.outbox import SqlOutbox
from deploytrail.stores.sql.preferences import SqlPreferences
from deploytrail.stores.sql.recount import settle
from deploytrail.stores.sql.rewriting import change, rewrite
from deploytrail.stores.sql.rows import KINDS, from_document, with_bodies
from deploytrail.stores.sql.standings import place_from_text
from deploytrail.stores.sql.tables import INSTALLATION
from deploytrail.stores.sql.tallying import tallied
from deploytrail.stores.sql.troubles import Outrun, Poison

T = TypeVar("T")
M = TypeVar("M")

TRIES = 20
"""How often a batch may be outrun: every time, another replica has got on."""

UNSAID = 2000
"""Bytes that a report weighs besides its body."""


class SqlShelf(Generic[R]):
    """See Shelf."""

    def __init__(self, door: Door, record: type[R]) -> None:
        self._door, self._record, self._kind = door, record, KINDS[record]

    async def get(self, record_id: str) -> R | None:
        """See Shelf."""

        def ask(connection: Connection) -> str | None:
            document: str | None = connection.scalar(questions.one(self._kind, record_id))
            return document

        document = await self._door.read(ask)
        return from_document(document, self._record) if document is not None else None

    async def find(self, query: Query) -> Page[R]:
        """See Shelf."""
        statement = questions.some(self._kind, query)
        documents = await self._door.read(lambda connection: connection.scalars(statement).all())
        items = tuple(from_document(document, self._record) for document in documents[: query.limit])
        return Page(items, next=sort_key(items[-1]) if len(documents) > query.limit else None)

    async def reports(self, record_id: str) -> tuple[Telling, ...] | None:
        """See Shelf."""
        statement = questions.whole(self._kind, record_id)
        rows = await self._door.read(lambda connection: connection.execute(statement).all())
        return with_bodies(from_document(rows[0].document, self._record), questions.bodies(rows)) if rows else None


class SqlStore:
    """See Store."""

    def __init__(
        self, database: Database, *, replay_window: timedelta = REPLAY_WINDOW, rules: Rules | None = None
    ) -> None:
        self._door, self._window = Door(database, partial(settle, rules=rules)), replay_window
        self._commits: GroupCommit[AnyReport[Any], Any] = GroupCommit(self._commit, weigh=_weight)
        self.deployments = SqlShelf(self._door, Deployment)
        self.builds = SqlShelf(self._door, Build)
        self.annotations = SqlShelf(self._door, Annotation)
        self.preferences = SqlPreferences(self._door)
        self.outbox = SqlOutbox(self._door)
        self._beginning = Beginning(self._read_beginning)

    async def start(self) -> None:
        """See Store."""
        self._door.start()
        self._commits.start()
        telemetry.STORE_QUEUE_REPORTS.set_function(lambda: self._commits.waiting)

    async def stop(self) -> None:
        """See Store. What waits is committed first."""
        await self._commits.stop()
        await self._door.stop()

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        """See Store."""
        outcome: Outcome[R] = await self._commits.submit(report)
        return outcome

    async def rewrite(self, record: Record, *, heard: tuple[Telling, ...]) -> bool:
        """See Store."""
        try:
            return await self._door.write(partial(rewrite, record=record, heard=heard))
        except Outrun:
            return False
        except Poison as poison:
            raise Rejected(f"the database does not take it: {poison}", reason="invalid-field") from poison

    async def mark(self, deployment_id: str, said: Mark) -> Deployment | None:
        """See Store."""
        try:
            return await self._tried(partial(change, deployment_id=deployment_id, turn=partial(marked, said=said)))
        except Poison as poison:
            raise Rejected(f"the database does not take it: {poison}", reason="invalid-field") from poison

    async def restore(self, records: Sequence[Record]) -> tuple[Restored | Rejected, ...]:
        """See Store."""
        return await self._parted(restoring.restore, records)

    async def bind(self, versions: Sequence[Held]) -> tuple[Version | Rejected, ...]:
        """See Store."""
        return await self._parted(restoring.bind_all, versions)

    async def versions(self, *, after: str = "", limit: int = 500) -> tuple[Version, ...]:
        """See Store."""
        statement = questions.versions(after, limit)
        rows = await self._door.read(lambda connection: connection.execute(statement).mappings().all())
        return tuple(Version(**row) for row in rows)

    async def began_by(self, when: datetime) -> None:
        """See Store."""
        earlier = update(INSTALLATION).where(INSTALLATION.c.began_at > when).values(began_at=when)
        await self._door.write(lambda connection: connection.execute(earlier))

    async def _parted(
        self, work: Callable[[Connection, Sequence[M]], tuple[T | Rejected, ...]], moved: Sequence[M]
    ) -> tuple[T | Rejected, ...]:
        """What became of each. What the database does not take is parted from the others by halving."""
        try:
            return await self._tried(lambda connection: work(connection, moved))
        except Poison as poison:
            if len(moved) == 1:
                return (Rejected(f"the database does not take it: {poison}", reason="invalid-field"),)
        half = len(moved) // 2
        return *await self._parted(work, moved[:half]), *await self._parted(work, moved[half:])

    async def _tried(self, work: Callable[[Connection], T]) -> T:
        """The work, again whenever another replica was faster with the same rows."""
        for _ in range(TRIES):
            with contextlib.suppress(Outrun):
                return await self._door.write(work)
        raise Unavailable("other replicas write the same records all the time", retry_after=1)

    async def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        """See Store."""
        statement = questions.places(environment)
        rows = await self._door.read(lambda connection: connection.execute(statement).all())
        found = (place_from_text(*row) for row in rows)
        return tuple(each for each in found if each is not None)

    async def dora(self, question: Question) -> Sums:
        """See Store."""
        return await self._door.read(partial(tallied, question=question))

    async def judgements(self, deployments: Sequence[Deployment]) -> Mapping[str, Judgement]:
        """See Store."""
        return await self._door.read(partial(read_judgements, deployments=deployments))

    async def expired(self, rule: Retention, *, now: datetime, most: int) -> tuple[Expired, ...]:
        """See Store."""
        return await expiry.find(self._door.read, rule, now=now, most=most)

    async def remove(self, expired: Sequence[Expired]) -> tuple[Expired, ...]:
        """See Store."""
        return await self._door.write(partial(expiry.remove, expired=expired))

    async def get(self, deployment_id: str) -> Deployment | None:
        """See Store."""
        return await self.deployments.get(deployment_id)

    async def find(self, query: Query) -> Page[Deployment]:
        """See Store."""
        return await self.deployments.find(query)

    async def version(self, product: str, version: str) -> Version | None:
        """See Store."""
        statement = questions.version(version_id(product=product, version=version))
        row = await self._door.read(lambda connection: connection.execute(statement).mappings().first())
        return Version(**row) if row is not None else None

    async def totals(self) -> Totals:
        """See Store."""
        found: dict[Place, dict[str, int]] = {}
        for row in await self._door.read(lambda connection: connection.execute(questions.totals()).all()):
            found.setdefault(Place(row.product, row.environment), {})[row.name] = row.value
        return found

    async def size(self) -> int:
        """See Store."""
        found: int = await self._door.read(lambda connection: connection.scalars(questions.size()).one())
        return found

    async def pulse(self) -> str:
        """See Store."""
        found = await self._door.read(lambda connection: connection.execute(questions.pulse()).all())
        return sha256(repr(sorted(found)).encode()).hexdigest()[:16]

    async def began(self, *, early_enough: datetime | None = None) -> datetime:
        """See Store."""
        return await self._beginning.told(early_enough)

    async def _read_beginning(self) -> datetime:
        when: datetime = await self._door.read(lambda connection: connection.scalars(questions.began()).one())
        return when

    async def check(self) -> None:
        """See Store."""
        await self._door.check()

    async def _commit(self, reports: Sequence[AnyReport[Any]]) -> list[Answer]:
        """What became of each. A report that the database does not take is parted from the others by halving."""
        try:
            return await self._write(reports)
        except Poison as poison:
            if len(reports) == 1:
                telemetry.STORE_POISON.inc()
                return [Rejected(f"the database does not take it: {poison}", reason="invalid-field")]
        except DeploytrailError as failure:
            return [failure] * len(reports)
        half = len(reports) // 2
        return [*await self._commit(reports[:half]), *await self._commit(reports[half:])]

    async def _write(self, reports: Sequence[AnyReport[Any]]) -> list[Answer]:
        for _ in range(TRIES):
            began = perf_counter()
            try:
                answers = await self._door.write(partial(ingest, reports=reports, window=self._window))
            except Outrun:
                telemetry.STORE_OUTRUN.inc()
            else:
                telemetry.STORE_COMMIT_SECONDS.observe(perf_counter() - began)
                telemetry.STORE_BATCH_REPORTS.observe(len(reports))
                return answers
        raise Unavailable("other replicas write the same records all the time", retry_after=1)


def _weight(report: AnyReport[Any]) -> int:
    return UNSAID + len(report.telling.body or "")
