"""``deploytrail replay --from-store``: what was reported over HTTP, derived again after a mapping was mended.

In: a store, the dialects, the keys. Out: one line per record that is another now; with ``apply`` the store holds it.
A record keeps its id and its reports, in the order in which they were taken; what the reports mean is judged anew.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TextIO

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key
from deploytrail.record.admission import admit
from deploytrail.record.identity import attempt_id
from deploytrail.record.lifecycle import Advance, Create, decide
from deploytrail.record.marks import with_marks_of
from deploytrail.record.model import AnyReport, Binding, R, Record, Source, Telling
from deploytrail.record.query import Query
from deploytrail.record.version import claim_of, same_commit
from deploytrail.sources.http.dialect import Dialect
from deploytrail.sources.http.rereading import reread
from deploytrail.stores.base import Shelf, Store

PAGE = 500
TRIES = 20
PAUSE_SECONDS = 0.1
"""What is read may lag behind what is written; it catches up within this, a few times over."""

NO_KEY = "0" * 64
_WATCHED = (Source.ARGOCD, Source.KUBECTL)
"""What is seen in a cluster has no body."""
_KEPT = {"source", "received_at", "reporter", "body"}
"""What is known of a report however it is read; the rest of a telling is what it is read to say."""


class Left(Exception):
    """The record stays as it is; the message says why."""


@dataclass(slots=True)
class Tally:
    """What became of the records that were read."""

    read: int = 0
    changed: int = 0
    left: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Finding(Generic[R]):
    """A record as it is, the reports it was made from, and as they make it now."""

    before: R
    after: R
    heard: tuple[Telling, ...]

    @property
    def changes(self) -> dict[str, list[Any]]:
        """Field → what it is and what it would be."""
        was, is_now = _shown(self.before), _shown(self.after)
        return {name: [was[name], is_now[name]] for name in was if was[name] != is_now[name]}


@dataclass(slots=True)
class Rederivation:
    """Everything a record needs to be derived again."""

    store: Store
    dialects: Iterable[Dialect]
    keys: Iterable[Key]
    apply: bool = False
    tally: Tally = field(default_factory=Tally)
    _dialects: dict[str, list[Dialect]] = field(init=False)
    _keys: dict[str, Key] = field(init=False)

    def __post_init__(self) -> None:
        self._dialects = {}
        for each in self.dialects:
            self._dialects.setdefault(each.name, []).append(each)
        self._keys = {key.name: key for key in self.keys}

    async def run(self, *, out: TextIO, err: TextIO) -> Tally:
        """Print what changes as one line per record, and on ``err`` what is left as it is and how far we are."""
        shelves: tuple[Shelf[Any], ...] = (self.store.deployments, self.store.builds, self.store.annotations)
        for shelf in shelves:
            async for record in _all(shelf):
                await self._one(shelf, record, out, err)
                self.tally.read += 1
                if self.tally.read % PAGE == 0:
                    err.write(f"{self.tally.read} records read, {self.tally.changed} of them changed\n")
        return self.tally

    async def _one(self, shelf: Shelf[R], record: R, out: TextIO, err: TextIO) -> None:
        if not all(map(self._over_http, record.tellings)):
            self.tally.skipped += 1
            return
        try:
            changes = await self._judge(shelf, record)
        except (Left, Rejected) as reason:
            self.tally.left += 1
            err.write(f"{record.id}: left as it is: {reason}\n")
            return
        if changes:
            self.tally.changed += 1
            out.write(json.dumps({"id": record.id, "changes": changes}, ensure_ascii=False) + "\n")

    def _over_http(self, telling: Telling) -> bool:
        watched = telling.source in _WATCHED and telling.body is None
        return telling.source.value in self._dialects and not watched

    async def _judge(self, shelf: Shelf[R], record: R) -> dict[str, list[Any]]:
        """What changes; once it is written, with ``apply``. A report that arrives meanwhile is judged with the rest."""
        for _ in range(TRIES):
            finding = await self._derive(shelf, record.id)
            if finding is None:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            changes = finding.changes
            if not changes or not self.apply or await self.store.rewrite(finding.after, heard=finding.heard):
                return changes
        raise Left("it changes all the time: try again")

    async def _derive(self, shelf: Shelf[R], record_id: str) -> Finding[R] | None:
        """None while the record and its reports are not of one moment."""
        heard, before = await shelf.reports(record_id), await shelf.get(record_id)
        if heard is None or before is None:
            raise Left("it was removed meanwhile")
        if _without_bodies(before.tellings) != _without_bodies(heard):
            return None
        after: R | None = None
        for telling in heard:
            report = await self._bound(self._reread(before, telling), before)
            after = _told(after, report)
        if after is None:
            raise Left("it has no reports")
        return Finding(before, with_marks_of(after, before), heard)

    def _reread(self, record: R, telling: Telling) -> AnyReport[R]:
        """The report as it is read now, by the one of its source's dialects that it belongs to the record by."""
        complaints: dict[str, str] = {}
        for dialect in self._dialects[telling.source.value]:
            try:
                return _of(record, telling, reread(telling, dialect, self._key_of(telling, dialect)))
            except (Left, Rejected) as reason:
                complaints[dialect.paths[0]] = str(reason)
        raise Left("; ".join(f"{path}: {complaint}" for path, complaint in complaints.items()))

    def _key_of(self, telling: Telling, dialect: Dialect) -> Key:
        name = telling.reporter or ""
        key = self._keys.get(name)
        if key is None and dialect.reads_key:
            raise Left(f"there is no key named {name} any more, and {dialect.name} reports for what the key says")
        return key or Key(name=name, digest=NO_KEY, scopes=frozenset(), created_at=telling.received_at)

    async def _bound(self, report: AnyReport[R], before: R) -> AnyReport[R]:
        """The report, marked where its version is of another commit: versions stay bound as they are."""
        claim = claim_of(report)
        bound = await self.store.version(claim.product, claim.version) if claim is not None else None
        if claim is None or bound is None or same_commit(bound.commit, claim.commit):
            return report
        if report.binding is Binding.STRICT:
            raise Left(f"version {bound.version} is of another commit for ever: {bound.commit}")
        marked = before.version_conflict
        spelt = marked if marked is not None and same_commit(marked, bound.commit) else bound.commit
        return report.model_copy(update={"version_conflict": spelt})


async def rederive(
    store: Store, *, dialects: Iterable[Dialect], keys: Iterable[Key], apply: bool, out: TextIO, err: TextIO
) -> int:
    """Print what would change, or with ``apply`` what did; 1 when a record had to be left as it is."""
    tally = await Rederivation(store, dialects, keys, apply=apply).run(out=out, err=err)
    err.write(
        f"{tally.read} records read: {tally.changed} {'changed' if apply else 'would change'}, "
        f"{tally.left} left as they are, {tally.skipped} not told over HTTP alone\n"
    )
    return 1 if tally.left else 0


async def _all(shelf: Shelf[R]) -> AsyncIterator[R]:
    query = Query(limit=PAGE)
    while True:
        page = await shelf.find(query)
        for record in page.items:
            yield record
        if page.next is None:
            return
        query = query.model_copy(update={"before": page.next})


def _of(record: R, telling: Telling, report: AnyReport[Any]) -> AnyReport[R]:
    number = record.attempt.number if record.attempt is not None else 1
    record_id = report.id if report.series is None else attempt_id(report.series, number)
    if report.makes is not type(record):
        raise Left(f"it would be another record: {report.makes.__name__} {record_id}")
    if record_id != record.id or (report.series is None) != (record.attempt is None):
        raise Left(f"its id would be another: {record_id}")
    kept = {name: getattr(telling, name) for name in _KEPT}
    said = report.telling.model_copy(update=kept)
    told = report.model_copy(update={"id": record.id, "attempt": record.attempt, "telling": said})
    return admit(told, now=telling.received_at)


def _told(record: R | None, report: AnyReport[R]) -> R:
    """The record after the report, which was accepted once and is kept whatever it means now."""
    decision = decide(record, report)
    if isinstance(decision, Create | Advance):
        return decision.record
    kept = decision.record
    more = {"tellings": (*kept.tellings, report.telling), "updated_at": report.telling.received_at}
    return kept.model_copy(update=more)


def _without_bodies(tellings: Iterable[Telling]) -> list[Telling]:
    return [telling.model_copy(update={"body": None}) for telling in tellings]


def _shown(record: Record) -> dict[str, Any]:
    fields = record.model_dump(mode="json", exclude={"tellings"})
    return fields | {"reports": [telling.model_dump(mode="json", exclude=_KEPT) for telling in record.tellings]}
