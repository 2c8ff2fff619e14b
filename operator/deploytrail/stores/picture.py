"""The objects of one kind as one replica knows them: fed by the watch and its own writes, never going back in time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from deploytrail.errors import Rejected
from deploytrail.kube.client import Object
from deploytrail.kube.forms import Form
from deploytrail.kube.objects import from_object, is_kept, is_record
from deploytrail.kube.watch import version
from deploytrail.record.model import R
from deploytrail.record.query import Page, Query
from deploytrail.stores.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Seen(Generic[R]):
    """One object as it was last heard of."""

    version: int
    uid: str
    record: R
    namespace: str
    name: str
    removable: bool
    """Ours, and not marked to be kept."""


class Picture(Generic[R]):
    """Records by id. An older version of an object never replaces a newer one."""

    def __init__(self, form: Form[R], *changed: Callable[[R | None, R | None], None], home: str) -> None:
        """Whoever is to be told of a record that came, changed or went: as it was, as it is."""
        self._form, self._changed, self._home = form, changed, home
        self._by_id: dict[str, Seen[R]] = {}
        self._id_of: dict[str, str] = {}
        self._timeline = Timeline[R](lambda record_id: self._by_id[record_id].record)
        self._of_series: dict[str, dict[int, str]] = {}

    def put(self, obj: Object) -> None:
        """Take in an object as it is now. One that is not recorded, or was refused, is left out."""
        try:
            record = _slim(from_object(obj, self._form, home=self._home))
        except Rejected:
            self.remove(obj)
            return
        ours = is_record(obj, self._form, home=self._home)
        if not ours and obj.get("status", {}).get("phase") in (None, "Rejected"):
            self.remove(obj)
            return
        known = self._by_id.get(record.id)
        if known is not None and known.version >= version(obj):
            return
        metadata = obj["metadata"]
        uid = metadata["uid"]
        if known is not None:
            self._timeline.remove(known.record)
        self._timeline.add(record)
        removable = ours and not is_kept(obj)
        self._by_id[record.id] = Seen(
            version(obj), uid, record, metadata["namespace"], metadata["name"], removable=removable
        )
        self._id_of[uid] = record.id
        if record.attempt is not None:
            self._of_series.setdefault(record.attempt.series, {})[record.attempt.number] = record.id
        self._tell(known.record if known is not None else None, record)

    def remove(self, obj: Object) -> None:
        """Forget an object that was deleted."""
        self.forget(obj["metadata"]["uid"])

    def keep_only(self, uids: set[str], at: int, *, namespace: str | None = None) -> None:
        """Forget what a complete list, taken at version ``at``, no longer shows; what was written since then stays.

        A list of one ``namespace`` says nothing of others.
        """
        gone = [
            seen.uid
            for seen in self._by_id.values()
            if seen.version <= at and seen.uid not in uids and namespace in (None, self._namespace(seen.record))
        ]
        for uid in gone:
            self.forget(uid)

    def get(self, record_id: str) -> R | None:
        """One record."""
        seen = self._by_id.get(record_id)
        return seen.record if seen else None

    def seen(self, record_id: str) -> Seen[R] | None:
        """The object that holds a record."""
        return self._by_id.get(record_id)

    def removable(self, record_id: str) -> Seen[R] | None:
        """The object of a record that is over, if it is ours and nobody marked it to be kept."""
        seen = self._by_id.get(record_id)
        return seen if seen is not None and seen.removable and seen.record.status.terminal else None

    def newest(self, series: str) -> R | None:
        """The last record of a series."""
        numbers = self._of_series.get(series)
        return self.get(numbers[max(numbers)]) if numbers else None

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self._by_id)

    def everything(self) -> list[R]:
        """All records."""
        return [seen.record for seen in self._by_id.values()]

    def find(self, query: Query) -> Page[R]:
        """Records that match, in the order of the query."""
        return self._timeline.find(query)

    def _tell(self, before: R | None, after: R | None) -> None:
        for follow in self._changed:
            follow(before, after)

    def _namespace(self, record: R) -> str:
        return record.resource.namespace if record.resource is not None else self._home

    def forget(self, uid: str) -> None:
        """Forget the object with this uid."""
        name = self._id_of.pop(uid, "")
        seen = self._by_id.get(name)
        if seen is None or seen.uid != uid:
            return
        record = self._by_id.pop(name).record
        self._timeline.remove(record)
        self._tell(record, None)
        if record.attempt is not None:
            numbers = self._of_series[record.attempt.series]
            numbers.pop(record.attempt.number, None)
            if not numbers:
                del self._of_series[record.attempt.series]


def _slim(record: R) -> R:
    """Without the raw payloads, which are read from the API server when somebody asks for one."""
    tellings = tuple(telling.model_copy(update={"body": None}) for telling in record.tellings)
    return record.model_copy(update={"tellings": tellings})
