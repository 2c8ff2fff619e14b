"""Versions as objects: the API server lets exactly one claim be the first, whatever replica it comes from."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError

from deploytrail.errors import Unavailable
from deploytrail.kube.client import VERSIONS, AlreadyExists, Kube, Object, Stale
from deploytrail.kube.forms import FORMS
from deploytrail.kube.objects import MANAGED_BY, OURS, refusal
from deploytrail.kube.resources import API_VERSION, VersionSpec
from deploytrail.kube.watch import Reflector, version
from deploytrail.record.version import Version, bind, same_commit
from deploytrail.stores.base import Held

log = structlog.get_logger()

PROVEN_AFTER = timedelta(hours=1)
"""A claim this old is good, though retention or a person may have removed its record."""

ABANDONED_AFTER = timedelta(seconds=20)
"""A claim this old whose record is not there has lost its writer: no request takes that long."""

PATIENCE = 2.0
"""Seconds to wait for the record of a younger one."""

_KINDS = {form.name: form.kind for form in FORMS.values()}


@dataclass(frozen=True, slots=True)
class Holder:
    """The object that holds the record a claim is made for, whether it is there already or written next."""

    kind: str
    namespace: str
    name: str


class Versions:
    """Claims are written before their records, so that a refused report leaves no trace.

    A process that ends between the two leaves a claim that nobody was told of. It binds nobody: the next commit that
    is claimed takes its place.
    """

    def __init__(self, kube: Kube, *, home: str) -> None:
        self._kube, self._home = kube, home
        self._by_id: dict[str, tuple[int, str, Version]] = {}
        self.reflector = Reflector(
            kube, VERSIONS, namespace=home, changed=self._put, removed=self._remove, listed=self._keep_only
        )

    def must_be_complete(self) -> None:
        """Raise Unavailable before everything has been listed once."""
        if not self.reflector.synced.is_set():
            raise Unavailable("still reading the versions from the Kubernetes API server")

    def get(self, version_id: str) -> Version | None:
        """What this replica knows without asking."""
        known = self._by_id.get(version_id)
        return known[2] if known is not None else None

    @property
    def size(self) -> int:
        """How many are known."""
        return len(self._by_id)

    async def claim(self, claim: Version, holder: Holder) -> Version | None:
        """Bind the version to the claim's commit, durably. Returns what it is bound to, if that is another commit."""
        known = self.get(claim.id)
        if known is not None and bind(known, claim) is known:
            return None
        stored = await self._read(claim.id) if known is not None else None
        while True:
            bound = _from_object(stored) if stored is not None else None
            after = bind(bound, claim)
            if bound is not None and after is bound:
                return None
            if stored is not None and after is None and await self._is_held(stored, claim.first_seen_at):
                return bound
            try:
                await self._write(stored, after or claim, holder)
            except (AlreadyExists, Stale):
                stored = await self._read(claim.id)
            else:
                return None

    def beyond(self, after: str) -> tuple[Version, ...]:
        """By id, those after this one."""
        return tuple(self._by_id[name][2] for name in sorted(self._by_id) if name > after)

    async def restore(self, held: Held, *, home: str) -> Version:
        """See Store.bind."""
        claim, holder = held.version, Holder(FORMS[held.by].name, home, held.version.record)
        while True:
            stored = await self._read(claim.id)
            bound = _from_object(stored) if stored is not None else None
            after = bind(bound, claim)
            if bound is not None and (after is None or after is bound):
                return bound
            try:
                await self._write(stored, after or claim, holder)
            except (AlreadyExists, Stale):
                continue
            return after or claim

    async def _read(self, name: str) -> Object | None:
        return await self._kube.get(VERSIONS, self._home, name)

    async def _write(self, stored: Object | None, after: Version, holder: Holder) -> None:
        if stored is None:
            self._put(await self._kube.create(VERSIONS, self._home, _to_object(after, holder, self._home)))
            return
        spec = stored["spec"]
        if after.record == spec["record"]:
            holder = Holder(spec["kind"], spec["namespace"], spec["name"])
        body = _to_object(after, holder, self._home)
        body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
        self._put(await self._kube.replace(VERSIONS, self._home, after.id, body))

    async def _is_held(self, stored: Object, now: datetime) -> bool:
        """Whether the record of a claim is there. One that may be being written right now is waited for."""
        spec = _spec(stored)
        age = now - spec.first_seen_at
        if age > PROVEN_AFTER:
            return True
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            record = await self._kube.get(_KINDS[spec.kind], spec.namespace, spec.name)
            if record is not None and _claimed(record, spec):
                return True
            if age > ABANDONED_AFTER:
                return False
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable(f"another commit of version {spec.version} is just being recorded", retry_after=5)
            await asyncio.sleep(0.02)

    def _put(self, obj: Object) -> None:
        name = obj["metadata"]["name"]
        known = self._by_id.get(name)
        if known is not None and known[0] >= version(obj):
            return
        try:
            self._by_id[name] = (version(obj), obj["metadata"]["uid"], _from_object(obj))
        except Unavailable as unreadable:
            log.error("version_ignored", name=name, reason=unreadable.message)  # noqa: TRY400 - the sentence says it all
            self._by_id.pop(name, None)

    def _remove(self, obj: Object) -> None:
        known = self._by_id.get(obj["metadata"]["name"])
        if known is not None and known[1] == obj["metadata"]["uid"]:
            del self._by_id[obj["metadata"]["name"]]

    def _keep_only(self, uids: set[str], at: int) -> None:
        gone = [name for name, (seen, uid, _) in self._by_id.items() if seen <= at and uid not in uids]
        for name in gone:
            del self._by_id[name]


def _claimed(record: Object, spec: VersionSpec) -> bool:
    """Whether the record was written after the claim: the report that made it is there, or the commit still is.

    Another commit may be told of the record later. An object that somebody applied has no reports.
    """
    heard = (datetime.fromisoformat(each["receivedAt"]) for each in record["spec"].get("reports") or ())
    return spec.first_seen_at in heard or same_commit(record["spec"].get("commit", ""), spec.commit)


def _to_object(bound: Version, holder: Holder, namespace: str) -> dict[str, Any]:
    try:
        spec = VersionSpec(
            **bound.model_dump(exclude={"id"}), kind=holder.kind, namespace=holder.namespace, name=holder.name
        )
    except ValidationError as error:
        raise refusal(error) from error
    return {
        "apiVersion": API_VERSION,
        "kind": "Version",
        "metadata": {"name": bound.id, "namespace": namespace, "labels": {MANAGED_BY: OURS}},
        "spec": spec.model_dump(mode="json", by_alias=True),
    }


def _from_object(obj: Object) -> Version:
    return Version(id=obj["metadata"]["name"], **_spec(obj).model_dump(exclude={"kind", "namespace", "name"}))


def _spec(obj: Object) -> VersionSpec:
    try:
        return VersionSpec.model_validate(obj["spec"])
    except ValidationError as error:
        raise Unavailable(f"the Version {obj['metadata']['name']} cannot be read: mend or delete it") from error
