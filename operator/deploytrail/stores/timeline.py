"""Records that a store keeps in memory, in the order in which pages show them: a page costs what it looks at."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic

from deploytrail.record.model import R
from deploytrail.record.query import Page, Query, page, sort_key


class Timeline(Generic[R]):
    """The sort keys of records that somebody else holds. A record keeps its key for as long as it is there."""

    def __init__(self, get: Callable[[str], R]) -> None:
        self._get = get
        self._keys: list[tuple[datetime, str]] = []

    def add(self, record: R) -> None:
        """One that was not there."""
        insort(self._keys, sort_key(record))

    def remove(self, record: R) -> None:
        """One that was there."""
        del self._keys[bisect_left(self._keys, sort_key(record))]

    def find(self, query: Query) -> Page[R]:
        """The page that is asked for."""
        return page(query, self._from(query))

    def _from(self, query: Query) -> Iterator[R]:
        keys = self._keys
        if query.oldest_first:
            begin = bisect_right(keys, query.before) if query.before is not None else 0
            places = range(begin, len(keys))
        else:
            end = bisect_left(keys, query.before) if query.before is not None else len(keys)
            places = range(end - 1, -1, -1)
        return (self._get(keys[place][1]) for place in places)
