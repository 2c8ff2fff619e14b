"""The read API, asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from deploytrail import __version__
from deploytrail.errors import Unavailable
from deploytrail.remote.answers import check, one_line, parse, stranger
from deploytrail.remote.destination import Destination

SECONDS = 10.0
"""How long the connection, or the next piece of an answer, may take."""

PAGE = 1000
"""The most that a page holds."""

Record = Mapping[str, Any]
Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """Records, and whether there are more of them than were asked for."""

    items: tuple[Record, ...]
    more: bool = False


class Client:
    """One Deploytrail. Every method raises Rejected or Unavailable, saying why."""

    def __init__(self, destination: Destination, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {destination.key}", "User-Agent": f"deploytrail/{__version__}"}
        self._http = httpx.Client(base_url=destination.url, headers=headers, timeout=SECONDS, transport=transport)
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, Record]] = {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def one(self, path: str, params: Params | None = None) -> Record:
        """What stands at the path. An answer that has not changed since it was last asked for is not sent again."""
        asked = path, tuple(sorted((params or {}).items()))
        tag, known = self._known.get(asked, ("", {}))
        answer = self._get(path, params or {}, {"If-None-Match": tag} if tag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED and tag:
            return known
        check(answer, answer.text)
        told = parse(answer.text)
        if not told:
            raise stranger(answer)
        if "ETag" in answer.headers:
            self._known[asked] = answer.headers["ETag"], told
        return told

    def whole(self, path: str, params: Params) -> Listed:
        """A list that has no pages."""
        return Listed(tuple(_items(self.one(path, params))))

    def list(self, path: str, params: Params, *, most: int) -> Listed:
        """The first records of a list, as many as there are or ``most``."""
        items: list[Record] = []
        following: dict[str, str] = {}
        while True:
            told = self.one(path, {**params, "limit": str(min(PAGE, most - len(items))), **following})
            items += _items(told)
            if told.get("next") is None or len(items) >= most:
                return Listed(tuple(items), more=told.get("next") is not None)
            following = {"cursor": str(told["next"])}

    def csv(self, path: str, params: Params, write: Callable[[str], None]) -> bool:
        """Write a list as CSV, piece by piece, and return whether there is more.

        One that is broken off raises Unavailable.
        """
        try:
            with self._http.stream("GET", path, params={**params, "format": "csv"}) as answer:
                if not answer.is_success:
                    check(answer, answer.read().decode(errors="replace"))
                for piece in answer.iter_text():
                    write(piece)
                return "next" in answer.links
        except httpx.RequestError as error:
            raise _away(error) from error

    def _get(self, path: str, params: Params, headers: Mapping[str, str]) -> httpx.Response:
        try:
            return self._http.get(path, params=dict(params), headers=dict(headers))
        except httpx.RequestError as error:
            raise _away(error) from error


def _items(told: Record) -> list[Record]:
    items = told.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _away(error: httpx.RequestError) -> Unavailable:
    return Unavailable(one_line(str(error)) or "no answer in time", retry_after=0)
