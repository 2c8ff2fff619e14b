"""The picture of one kind follows the API server through pages, broken streams and lost histories."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from deploytrail.errors import Unavailable
from deploytrail.kube.client import SECRETS, Expired, Kind, Kube, Object
from deploytrail.kube.watch import Reflector
from tests.waiting import until

PAGE = 2


class FakeKube(Kube):
    """An API server with objects of one kind, answered in small pages."""

    def __init__(self, *names: str) -> None:
        self.asked: list[str] = []
        self.away = False
        self._now = 0
        self._oldest = 0
        self._objects: dict[str, Object] = {}
        self._events: list[Object] = []
        self._broken = 0
        self._changed = asyncio.Event()
        for name in names:
            self.write(name)

    def write(self, name: str) -> None:
        self._now += 1
        kind = "MODIFIED" if name in self._objects else "ADDED"
        self._objects[name] = {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(self._now)}}
        self._tell(kind, self._objects[name])

    def remove(self, name: str) -> None:
        self._now += 1
        gone = self._objects.pop(name)["metadata"]
        self._tell("DELETED", {"metadata": gone | {"resourceVersion": str(self._now)}})

    def bookmark(self) -> None:
        self._now += 1
        self._tell("BOOKMARK", {"metadata": {"resourceVersion": str(self._now)}})

    def break_streams(self) -> None:
        self._broken += 1
        self._changed.set()

    def compact(self) -> None:
        """Forget what was; whoever knows less than what is has to list."""
        self._oldest = self._now

    async def list(self, kind: Kind, namespace: str | None, **query: str) -> Object:
        self._must_be_there()
        self.asked.append(f"list {query.get('continue', '')}".strip())
        version, _, begin = query.get("continue", f"{self._now}/0").partition("/")
        if int(version) < self._oldest:
            raise Expired("the continue token is too old")
        first = int(begin)
        items = list(self._objects.values())
        more = f"{version}/{first + PAGE}" if first + PAGE < len(items) else ""
        return {"items": items[first : first + PAGE], "metadata": {"resourceVersion": version, "continue": more}}

    async def watch(
        self, kind: Kind, namespace: str | None, *, opened: Callable[[], None], **query: str
    ) -> AsyncIterator[Object]:
        self._must_be_there()
        since, unbroken = int(query["resourceVersion"]), self._broken
        self.asked.append(f"watch {since}")
        if since < self._oldest:
            raise Expired("too old resource version")
        opened()
        while True:
            for event in [each for each in self._events if version(each["object"]) > since]:
                since = version(event["object"])
                yield event
            self._changed.clear()
            await self._changed.wait()
            if self._broken != unbroken:
                raise Unavailable("the stream broke")

    def _tell(self, kind: str, obj: Object) -> None:
        self._events.append({"type": kind, "object": obj})
        self._changed.set()

    def _must_be_there(self) -> None:
        if self.away:
            raise Unavailable("nobody answers")


def version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


class Told:
    """What a reflector says there is, and in which version."""

    def __init__(self, kube: FakeKube) -> None:
        self.there: dict[str, int] = {}
        self.reflector = Reflector(
            kube, SECRETS, namespace=None, changed=self._changed, removed=self._removed, listed=self._listed
        )

    def _changed(self, obj: Object) -> None:
        self.there[obj["metadata"]["uid"]] = version(obj)

    def _removed(self, obj: Object) -> None:
        self.there.pop(obj["metadata"]["uid"], None)

    def _listed(self, uids: set[str], at: int) -> None:
        self.there = {uid: seen for uid, seen in self.there.items() if uid in uids or seen > at}


def follow(*names: str, scene: Callable[[FakeKube, Told], Awaitable[Any]]) -> None:
    """Play the scene to a reflector that has listed the objects of these names and watches them."""

    async def play() -> None:
        kube = FakeKube(*names)
        told = Told(kube)
        following = asyncio.create_task(told.reflector.run())
        try:
            await until(lambda: kube.asked[-1].startswith("watch"))
            await scene(kube, told)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    asyncio.run(play())


def test_everything_is_listed_page_by_page_and_then_watched() -> None:
    async def scene(kube: FakeKube, told: Told) -> None:
        assert told.there == {"uid-a": 1, "uid-b": 2, "uid-c": 3, "uid-d": 4, "uid-e": 5}
        assert kube.asked == ["list", "list 5/2", "list 5/4", "watch 5"]
        assert told.reflector.synced.is_set()

        kube.write("f")
        kube.write("a")
        kube.remove("b")

        await until(lambda: told.there == {"uid-a": 7, "uid-c": 3, "uid-d": 4, "uid-e": 5, "uid-f": 6})

    follow(*"abcde", scene=scene)


def test_a_broken_stream_goes_on_where_it_broke() -> None:
    async def scene(kube: FakeKube, told: Told) -> None:
        kube.write("b")
        kube.bookmark()
        await until(lambda: told.there == {"uid-a": 1, "uid-b": 2})
        kube.break_streams()
        kube.write("c")

        await until(lambda: told.there == {"uid-a": 1, "uid-b": 2, "uid-c": 4})

        assert kube.asked == ["list", "watch 1", "watch 3"]
        assert told.reflector.away_since is None

    follow("a", scene=scene)


def test_when_its_version_is_too_old_it_lists_again_and_drops_what_vanished() -> None:
    async def scene(kube: FakeKube, told: Told) -> None:
        kube.away = True
        kube.break_streams()
        await until(lambda: told.reflector.away_since is not None)
        kube.remove("a")
        kube.write("b")
        kube.write("d")
        kube.compact()
        kube.away = False

        await until(lambda: told.there == {"uid-b": 5, "uid-c": 3, "uid-d": 6})

        assert kube.asked == ["list", "list 3/2", "watch 3", "watch 3", "list", "list 6/2", "watch 6"]

    follow(*"abc", scene=scene)


def test_a_list_whose_pages_are_too_old_begins_again() -> None:
    async def scene(kube: FakeKube, told: Told) -> None:
        whole = kube.list

        async def compact_after_the_first_page(kind: Kind, namespace: str | None, **query: str) -> Object:
            page = await whole(kind, namespace, **query)
            if "continue" not in query and kube.asked.count("list") == 2:
                kube.write("e")
                kube.compact()
            return page

        kube.list = compact_after_the_first_page  # type: ignore[method-assign]
        kube.write("d")
        kube.compact()
        kube.break_streams()

        await until(lambda: told.there == {"uid-a": 1, "uid-b": 2, "uid-c": 3, "uid-d": 4, "uid-e": 5})

        assert kube.asked.count("list") == 3

    follow(*"abc", scene=scene)


def test_it_says_since_when_and_why_nothing_is_heard_and_no_more_once_it_is() -> None:
    async def scene(kube: FakeKube, told: Told) -> None:
        kube.away = True
        kube.break_streams()
        await until(lambda: told.reflector.away_since is not None)
        since, why = told.reflector.away_since, told.reflector.away_because
        kube.away = False

        await until(lambda: told.reflector.away_since is None)

        assert since is not None
        assert why == "the stream broke"
        assert told.reflector.synced.is_set()

    follow("a", scene=scene)


def test_nothing_is_complete_before_the_first_list() -> None:
    async def play() -> None:
        kube = FakeKube("a")
        kube.away = True
        told = Told(kube)
        following = asyncio.create_task(told.reflector.run())
        await until(lambda: told.reflector.away_since is not None)
        incomplete = not told.reflector.synced.is_set()
        kube.away = False

        await until(told.reflector.synced.is_set)

        assert incomplete
        assert told.there == {"uid-a": 1}
        following.cancel()

    asyncio.run(play())
