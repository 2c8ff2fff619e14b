"""The records of one type as objects: written past the picture that follows the API server, read from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Generic

import orjson

from deploytrail import telemetry
from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import AlreadyExists, Kube, Object, Stale
from deploytrail.kube.forms import Form
from deploytrail.kube.objects import from_object, is_record, mark_to_status, to_object
from deploytrail.kube.watch import Reflector
from deploytrail.record.admission import MOST_REPORTS
from deploytrail.record.identity import attempt_id
from deploytrail.record.lifecycle import Advance, Create, Same, decide
from deploytrail.record.marks import with_marks_of
from deploytrail.record.merging import merged
from deploytrail.record.model import AnyReport, Binding, R, Telling
from deploytrail.record.query import Page, Query
from deploytrail.record.retention import Expired, Retention, expired
from deploytrail.record.series import LOOK_BACK, aim, id_before, is_over
from deploytrail.record.version import Version, claim_of
from deploytrail.stores.base import Outcome, Recorded, Restored, VersionTaken, decided
from deploytrail.stores.picture import Picture
from deploytrail.stores.versions import Holder, Versions

LARGEST_OBJECT = 1_300_000
"""Bytes; etcd refuses requests over 1.5 MiB, and the status is still to come."""


SOME = 500
"""Records that are looked at without a pause: less than a millisecond."""


class KubernetesShelf(Generic[R]):
    """See Shelf. Records go to ``home``; what users apply elsewhere is read where it is."""

    def __init__(
        self,
        kube: Kube,
        form: Form[R],
        versions: Versions,
        *changed: Callable[[R | None, R | None], None],
        home: str,
        watched: Collection[str] = (),
        window: timedelta,
    ) -> None:
        self._kube, self._form, self._versions, self._home, self._window = kube, form, versions, home, window
        self._picture = Picture(form, *changed, home=home)
        self.reflectors = [
            Reflector(
                kube,
                form.kind,
                namespace=namespace,
                changed=self._picture.put,
                removed=self._picture.remove,
                listed=partial(self._picture.keep_only, namespace=namespace),
            )
            for namespace in (watched or (None,) if form.applied else (home,))
        ]

    async def get(self, record_id: str) -> R | None:
        """See Shelf."""
        self.must_be_complete()
        return self._picture.get(record_id)

    async def find(self, query: Query) -> Page[R]:
        """See Shelf."""
        self.must_be_complete()
        return self._picture.find(query)

    async def reports(self, record_id: str) -> tuple[Telling, ...] | None:
        """See Shelf. The picture holds no bodies: they are asked of the API server."""
        self.must_be_complete()
        seen = self._picture.seen(record_id)
        if seen is None:
            return None
        stored = await self._kube.get(self._form.kind, seen.namespace, seen.name)
        return self._parse(stored).tellings if stored is not None else None

    async def everything(self) -> AsyncIterator[Sequence[R]]:
        """All records, some at a time, with time in between for others."""
        self.must_be_complete()
        records = self._picture.everything()
        for begin in range(0, len(records), SOME):
            yield records[begin : begin + SOME]
            await asyncio.sleep(0)

    @property
    def size(self) -> int:
        """How many records there are. Raises Unavailable before everything has been listed once."""
        self.must_be_complete()
        return self._picture.size

    def must_be_complete(self) -> None:
        """Raise Unavailable before everything has been listed once."""
        if not all(reflector.synced.is_set() for reflector in self.reflectors):
            raise Unavailable(f"still reading the {self._form.kind.plural} from the Kubernetes API server")

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        """See Store. Optimistic: judged against what was read, written only if that is still so."""
        if report.resource is not None:
            return await self._applied(report)
        known = self._known(report)
        if known is not None and report.series is None and isinstance(repeated := decide(known, report), Same):
            return decided(repeated)
        stored = await self._read(known.id) if known is not None else None
        while True:
            try:
                return await self._judge(report, stored)
            except _Outrun as faster:  # judge again against what somebody else wrote
                stored = await self._read(faster.record_id)

    async def rewrite(self, record: R, heard: tuple[Telling, ...]) -> bool:
        """See Store. One attempt: whoever was outrun derives the record again."""
        stored = await self._read(record.id)
        if stored is None or not is_record(stored, self._form, home=self._home):
            return False
        if self._parse(stored).tellings != heard:
            return False
        try:
            after = with_marks_of(record, self._parse(stored))
            await self._write(self._to_object(after, stored, derived=True), new=False)
        except _Outrun:
            return False
        return True

    async def change(self, record_id: str, turn: Callable[[R], R]) -> R | None:
        """The record as ``turn`` makes it of what is there, written unless that is the same; None when there is none.

        Of an applied object the spec is its owner's: what it is marked with goes to its status.
        """
        while True:
            seen = self._picture.seen(record_id)
            where = (seen.namespace, seen.name) if seen is not None else (self._home, record_id)
            stored = await self._kube.get(self._form.kind, *where)
            if stored is None or (seen is None and not is_record(stored, self._form, home=self._home)):
                return None
            before = self._parse(stored)
            after = turn(before)
            if after is before:
                return after
            with contextlib.suppress(_Outrun, Stale):
                if is_record(stored, self._form, home=self._home):
                    await self._write(self._to_object(after, stored), new=False)
                else:
                    await self._write_marks(after, stored)
                return after

    async def _write_marks(self, record: R, stored: Object) -> None:
        status = {"marks": [mark_to_status(mark) for mark in getattr(record, "marks", ())]}
        metadata = stored["metadata"]
        written = await self._kube.patch_status(
            self._form.kind, metadata["namespace"], metadata["name"], status, of=stored
        )
        if written is not None:
            self._picture.put(written)

    async def restore(self, record: R) -> Restored:
        """See Store. What somebody applied is its own record for as long as it is there; of others a copy is kept."""
        while True:
            with contextlib.suppress(_Outrun, Stale):
                original = await self._original(record)
                if original is not None:
                    return await self._restore_marks(record, original)
                return await self._restore(record, await self._read(record.id))

    async def _restore(self, record: R, stored: Object | None) -> Restored:
        if stored is None:
            await self._write(self._to_object(record, None), new=True)
            return Restored.ADDED
        self._must_be_ours(stored)
        kept = self._parse(stored)
        after = merged(kept, record)
        if after is kept:
            return Restored.UNCHANGED
        await self._write(self._to_object(after, stored), new=False)
        return Restored.MERGED

    async def _restore_marks(self, record: R, original: Object) -> Restored:
        """Of an applied object everything else is its owner's."""
        kept = self._parse(original)
        after = merged(kept, record)
        if getattr(after, "marks", ()) == getattr(kept, "marks", ()):
            return Restored.UNCHANGED
        await self._write_marks(after, original)
        return Restored.MERGED

    async def _original(self, record: R) -> Object | None:
        """The object that somebody applied, if the record is of one and it is there."""
        resource = record.resource
        if resource is None:
            return None
        stored = await self._kube.get(self._form.kind, resource.namespace, resource.name)
        return stored if stored is not None and stored["metadata"]["uid"] == resource.uid else None

    async def expired(self, rule: Retention, now: datetime) -> list[Expired]:
        """See Store. Computed beside the loop, which must not wait for all records to be sorted."""
        self.must_be_complete()
        found = await asyncio.to_thread(expired, self._picture.everything(), rule, now=now)
        return [each for each in found if self._picture.removable(each.id) is not None]

    async def remove(self, record_id: str) -> bool:
        """See Store. Only at the version that was judged: whoever writes meanwhile keeps it."""
        seen = self._picture.removable(record_id)
        if seen is None:
            return False
        try:
            gone = await self._kube.delete(self._form.kind, self._home, record_id, uid=seen.uid, version=seen.version)
        except Stale:
            return False
        self._picture.forget(seen.uid)
        return gone

    def _known(self, report: AnyReport[R]) -> R | None:
        """The record it may belong to, as far as this replica knows: for a series, the newest of it."""
        if report.series is None:
            return self._picture.get(report.id)
        self.must_be_complete()
        return self._picture.newest(report.series.key)

    async def _judge(self, report: AnyReport[R], stored: Object | None) -> Outcome[R]:
        if stored is not None:
            self._must_be_ours(stored)
        current = self._parse(stored) if stored is not None else None
        earlier = await self._earlier(report, current)
        aimed = aim(report, current, earlier, window=self._window)
        if current is not None and current.id != aimed.id:  # a replay, or the series goes on with its next record
            current, stored = next((each for each in earlier if each.id == aimed.id), None), None
        elif current is not None and is_over(current):
            await self._check_newest(aimed)
        decision = decide(current, aimed)
        if not isinstance(decision, Create | Advance):
            return decided(decision)
        body = self._to_object(decision.record, stored)  # refused for its size, it must not have claimed a version
        bound = await self._claim(aimed)
        if bound is not None and aimed.binding is Binding.STRICT:
            return VersionTaken(bound.product, bound.version, bound.commit)
        if bound is not None:
            decision = decide(current, aimed.model_copy(update={"version_conflict": bound.commit}))
            body = self._to_object(decision.record, stored)
        await self._write(body, new=stored is None)
        return decided(decision)

    def _must_be_ours(self, stored: Object) -> None:
        if not is_record(stored, self._form, home=self._home):
            name = stored["metadata"]["name"]
            raise Rejected(f"{self._form.name} {name} stands where the record should be", reason="conflict")

    async def _earlier(self, report: AnyReport[R], newest: R | None) -> list[R]:
        """See earlier_of. Read, not remembered: another replica may have written them just now."""
        found: list[R] = []
        record = newest if newest is not None and is_over(newest) else None
        while record is not None and len(found) < LOOK_BACK:
            before = id_before(report, record, window=self._window)
            stored = await self._read(before) if before is not None else None
            record = self._parse(stored) if stored is not None else None
            found += [record] if record is not None else []
        return found

    async def _check_newest(self, report: AnyReport[R]) -> None:
        """Another replica may have begun the next record of the series, not seen here yet."""
        if report.series is None or report.attempt is None:
            return
        following = attempt_id(report.series, report.attempt.number + 1)
        if await self._read(following) is not None:
            raise _Outrun(following)

    async def _claim(self, report: AnyReport[R]) -> Version | None:
        """What the report's version is bound to, if that is another commit than the report's."""
        claim = claim_of(report)
        if claim is None:
            return None
        resource = report.resource
        namespace, name = (resource.namespace, resource.name) if resource else (self._home, report.id)
        return await self._versions.claim(claim, Holder(self._form.name, namespace, name))

    def _to_object(self, record: R, stored: Object | None, *, derived: bool = False) -> Object:
        if len(record.tellings) > MOST_REPORTS:
            raise Rejected(f"{record.id} has {MOST_REPORTS} reports already, the most it can hold", reason="too-large")
        body = to_object(record, namespace=self._home, stored=stored, derived=derived)
        if len(orjson.dumps(body)) > LARGEST_OBJECT:
            raise Rejected(
                f"the record would exceed {LARGEST_OBJECT} bytes, the most that the Kubernetes store can hold",
                reason="too-large",
            )
        return body

    async def _write(self, body: Object, *, new: bool) -> None:
        name, began = body["metadata"]["name"], perf_counter()
        try:
            if new:
                self._picture.put(await self._kube.create(self._form.kind, self._home, body))
            else:
                self._picture.put(await self._kube.replace(self._form.kind, self._home, name, body))
        except (AlreadyExists, Stale) as error:
            telemetry.STORE_OUTRUN.inc()
            raise _Outrun(name) from error
        telemetry.STORE_COMMIT_SECONDS.observe(perf_counter() - began)

    async def _applied(self, report: AnyReport[R]) -> Outcome[R]:
        """What somebody applied is durable already, and is its own record."""
        assert report.resource is not None  # noqa: S101 - narrows the type for the caller above
        stored = await self._kube.get(self._form.kind, report.resource.namespace, report.resource.name)
        if stored is None or stored["metadata"]["uid"] != report.resource.uid:
            raise Rejected(f"the {self._form.name} was deleted before it was recorded", reason="not-found")
        bound = await self._claim(report)
        if bound is not None:
            return VersionTaken(bound.product, bound.version, bound.commit)
        first = not stored.get("status", {}).get("history")
        return Recorded(self._parse(stored), created=first)

    async def _read(self, name: str) -> Object | None:
        return await self._kube.get(self._form.kind, self._home, name)

    def _parse(self, obj: Object) -> R:
        return from_object(obj, self._form, home=self._home)


class _Outrun(Exception):
    """Somebody else wrote the record first."""

    def __init__(self, record_id: str) -> None:
        super().__init__(record_id)
        self.record_id = record_id
