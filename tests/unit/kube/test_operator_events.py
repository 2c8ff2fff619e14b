"""What becomes of one event: handed over, again while what it needs is away, and then let go."""

import asyncio
from datetime import datetime

from deploytrail.errors import Unavailable
from deploytrail.kube.client import APPLICATIONS, Object
from deploytrail.kube.operator import AT_ONCE, Watch, handler


def event(event_type: str | None = "MODIFIED") -> dict[str, object]:
    metadata = {"name": "web", "uid": "u", "finalizers": ["other"], "managedFields": [{"manager": "argocd"}]}
    return {"type": event_type, "object": {"metadata": metadata, "spec": {"a": 1}, "status": {"b": 2}}}


def named(name: str) -> dict[str, object]:
    return {"type": "ADDED", "object": {"metadata": {"name": name, "uid": name}}}


def test_an_object_is_handed_over_as_a_whole() -> None:
    heard: list[tuple[str | None, list[str]]] = []

    async def seen(event_type: str | None, obj: Object, _: datetime) -> None:
        heard.append((event_type, sorted(obj) + sorted(obj["metadata"])))

    asyncio.run(handler(Watch(APPLICATIONS, seen))(event=event(), patch={}))

    whole = ["metadata", "spec", "status", "finalizers", "managedFields", "name", "uid"]
    assert heard == [("MODIFIED", whole)]


def test_only_what_kopf_still_looks_at_is_left_of_it_afterwards() -> None:
    async def seen(*_: object) -> None:
        pass

    told = event()
    asyncio.run(handler(Watch(APPLICATIONS, seen))(event=told))

    assert told == {
        "type": "MODIFIED",
        "object": {"metadata": {"name": "web", "uid": "u", "finalizers": ["other"]}},
    }


def test_it_is_whole_when_it_is_handed_over_again() -> None:
    heard: list[list[str]] = []

    async def seen(_: str | None, obj: Object, __: datetime) -> None:
        heard.append(sorted(obj))
        if len(heard) == 1:
            raise Unavailable("away")

    asyncio.run(handler(Watch(APPLICATIONS, seen))(event=event()))

    assert heard == [["metadata", "spec", "status"]] * 2


def test_kopf_is_given_neither_a_result_nor_a_defect() -> None:
    async def seen(*_: object) -> None:
        raise ZeroDivisionError

    assert asyncio.run(handler(Watch(APPLICATIONS, seen))(event=event("DELETED"))) is None


def test_a_burst_is_dealt_with_a_few_objects_at_a_time_in_the_order_of_arrival() -> None:
    under_way, most, order = 0, 0, []

    async def seen(_: str | None, obj: Object, __: datetime) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        order.append(obj["metadata"]["name"])
        await asyncio.sleep(0)
        under_way -= 1

    async def scene() -> None:
        handle = handler(Watch(APPLICATIONS, seen))
        await asyncio.gather(*(handle(event=named(str(number))) for number in range(3 * AT_ONCE)))

    asyncio.run(scene())

    assert (most, order) == (AT_ONCE, [str(number) for number in range(3 * AT_ONCE)])


def test_an_object_that_has_to_wait_keeps_no_other_from_its_turn() -> None:
    heard: list[str] = []

    async def seen(_: str | None, obj: Object, __: datetime) -> None:
        name = obj["metadata"]["name"]
        if name != "last" and "last" not in heard:
            raise Unavailable("away")
        heard.append(name)

    async def scene() -> None:
        handle = handler(Watch(APPLICATIONS, seen))
        names = [*map(str, range(AT_ONCE)), "last"]
        await asyncio.gather(*(handle(event=named(name)) for name in names))

    asyncio.run(scene())

    assert heard[0] == "last"
