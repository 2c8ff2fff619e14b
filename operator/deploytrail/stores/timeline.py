"""Records that a store keeps in memory, in the order in which pages show them: a page costs what it looks at."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeAlias

from deploytrail.record.counted import uncounted
from deploytrail.record.model import Deployment, R, Record
from deploytrail.record.query import Page, Query, happened_at, page, sort_key

_Key: TypeAlias = tuple[datetime, str]
_Trait: TypeAlias = tuple[str, Any]
"""The name of a filter, and what a record answers to it."""

_ATTRIBUTES = ("product", "version", "environment", "status", "source", "type")
_FILTERS = (*_ATTRIBUTES, "counted", "open", "missed", "application_uid")


class Timeline(Generic[R]):
    """The sort keys of records that somebody else holds: of all, and of those that have a trait in common.

    A record keeps its key for as long as it is there.
    """

    def __init__(self, get: Callable[[str], R]) -> None:
        self._get = get
        self._keys: list[_Key] = []
        self._alike: defaultdict[_Trait, list[_Key]] = defaultdict(list)
        self._happened: list[tuple[datetime, _Key]] = []

    def add(self, record: R) -> None:
        """One that was not there."""
        key = sort_key(record)
        insort(self._keys, key)
        insort(self._happened, (happened_at(record), key))
        for trait in _traits(record):
            insort(self._alike[trait], key)

    def remove(self, record: R) -> None:
        """One that was there, as it was then."""
        key = sort_key(record)
        _take(self._keys, key)
        _take(self._happened, (happened_at(record), key))
        for trait in _traits(record):
            _take(self._alike[trait], key)
            if not self._alike[trait]:
                del self._alike[trait]

    def find(self, query: Query) -> Page[R]:
        """The page that is asked for."""
        return page(query, self._from(query, self._candidates(query)))

    def _from(self, query: Query, keys: Sequence[_Key]) -> Iterator[R]:
        if query.oldest_first:
            begin = bisect_right(keys, query.before) if query.before is not None else 0
            places = range(begin, len(keys))
        else:
            end = bisect_left(keys, query.before) if query.before is not None else len(keys)
            places = range(end - 1, -1, -1)
        return (self._get(keys[place][1]) for place in places)

    def _candidates(self, query: Query) -> Sequence[_Key]:
        """The fewest keys, in order, that hold all which answer the query."""
        asked = ((name, wanted) for name in _FILTERS if (wanted := getattr(query, name)) is not None)
        fewest = min((self._alike.get(trait, ()) for trait in asked), key=len, default=self._keys)
        if query.since is None and query.until is None:
            return fewest
        begin = bisect_left(self._happened, (query.since,)) if query.since is not None else 0
        end = bisect_left(self._happened, (query.until,)) if query.until is not None else len(self._happened)
        if end - begin >= len(fewest):
            return fewest
        return sorted(key for _, key in self._happened[begin:end])  # nearly sorted already


def _traits(record: Record) -> Iterator[_Trait]:
    for name in _ATTRIBUTES:
        value = getattr(record, name, None)
        if value is not None:
            yield name, value
    if isinstance(record, Deployment):
        yield "counted", uncounted(record) is None
    yield "open", not record.status.terminal
    yield "missed", getattr(record, "missed_before", 0) > 0
    application = getattr(record, "application", None)
    if application is not None:
        yield "application_uid", application.uid


def _take(keys: list[Any], key: Any) -> None:
    del keys[bisect_left(keys, key)]
