"""The lane with an API unlike Hivel's: two methods, a key in the query, errors of its own shape."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deploytrail.errors import DeploytrailError, Rejected
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Deployment, Report
from deploytrail.recorder import Recorder
from deploytrail.sources.http.body import Limits
from deploytrail.sources.http.dialect import Answer, Dialect, Head, Request, code_of
from deploytrail.sources.http.lane import IngestLane
from deploytrail.stores.memory import MemoryStore
from tests.fakes import NOW, SECRET, StoreAsleep, key, stopped_clock
from tests.reports import report
from tests.waiting import until


def key_in_query(head: Head) -> str | None:
    return parse_qs(head.query).get("auth_token", [None])[0]


def parse(request: Request) -> Report:
    given = request.document or {name: values[0] for name, values in parse_qs(request.head.query).items()}
    if "content" not in given:
        raise Rejected("content is missing", reason="missing-field", field="content")
    return report(str(given["content"]), product=str(given["content"]), started_at=None)


def answer(deployment: Deployment) -> Answer:
    return Answer(201, {"success": deployment.product}, ((b"cache-control", b"no-store"),))


def refuse(error: DeploytrailError) -> Answer:
    return Answer(code_of(error), {"error": str(error) or "defect"})


PUSH = Dialect(
    name="push",
    paths=("/push", "/older/push/"),
    methods=("GET", "POST"),
    key=key_in_query,
    parse=parse,
    answer=answer,
    refuse=refuse,
)


async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Lane:
    """The lane in this process, spoken to without a socket."""

    def __init__(
        self,
        dialect: Dialect = PUSH,
        ring: KeyRing | None = None,
        rates: Rates | None = None,
        store: MemoryStore | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.store = store or MemoryStore()
        self.app = IngestLane(
            [dialect],
            recorder=Recorder(self.store),
            ring=KeyRing([key()]) if ring is None else ring,
            clock=stopped_clock,
            fallback=elsewhere,
            rates=rates,
            limits=limits,
        )

    def __call__(self, method: str, path: str, *, secret: str = SECRET, **options: object) -> httpx.Response:
        return asyncio.run(self.send(method, path, secret=secret, **options))

    async def send(self, method: str, path: str, *, secret: str = SECRET, **options: object) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lane") as client:
            url = httpx.URL(path).copy_merge_params({"auth_token": secret})
            return await client.request(method, url, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/push", "/push/", "/older/push", "/older/push/"])
def test_every_route_is_served_with_and_without_a_slash(path: str) -> None:
    assert Lane()("POST", path, json={"content": "web"}).status_code == 201


@pytest.mark.parametrize("path", ["/", "/pus", "/push/x", "//push", "/PUSH"])
def test_everything_else_goes_to_the_application_behind(path: str) -> None:
    assert Lane()("POST", path, json={"content": "web"}).status_code == 418


def test_a_get_needs_no_body_and_no_type() -> None:
    answered = Lane()("GET", "/push?content=web")

    assert answered.status_code == 201
    assert answered.json() == {"success": "web"}
    assert answered.headers["Cache-Control"] == "no-store"


def test_a_wrong_method_is_told_all_good_ones() -> None:
    answered = Lane()("PUT", "/push")

    assert answered.status_code == 405
    assert answered.headers["Allow"] == "GET, POST"
    assert answered.json() == {"error": "use GET or POST"}


def test_errors_have_the_shape_of_the_dialect() -> None:
    lane = Lane()

    assert lane("GET", "/push", secret="wrong").json() == {"error": "Invalid API key"}
    assert lane("GET", "/push?other=1").json() == {"error": "content is missing"}
    assert lane("POST", "/push", content=b"[]", headers={"Content-Type": "application/json"}).json() == {
        "error": "the body must be a JSON object"
    }


def test_a_defect_in_a_dialect_is_500_in_its_shape() -> None:
    def broken(_: object) -> Answer:
        raise KeyError("oops")

    answered = Lane(replace(PUSH, answer=broken))("GET", "/push?content=web")

    assert answered.status_code == 500
    assert answered.json() == {"error": "defect"}


def test_limits_of_a_key_hold_for_what_the_dialect_made_of_the_request() -> None:
    lane = Lane(ring=KeyRing([key(products=["web"], environments=["production"])]))

    assert lane("GET", "/push?content=web").status_code == 201
    assert lane("GET", "/push?content=shop").status_code == 403


def test_while_the_keys_are_not_known_nobody_is_refused_for_good() -> None:
    answered = Lane(ring=KeyRing())("GET", "/push?content=web")

    assert answered.status_code == 503
    assert answered.headers["Retry-After"] == "5"
    assert answered.json() == {"error": "the keys have not been read yet"}


def test_a_key_in_force_is_asked_for_at_the_time_of_the_request() -> None:
    expired = KeyRing([key(expires_at=NOW)])
    expiring = KeyRing([key(expires_at=NOW + timedelta(seconds=1))])

    assert Lane(ring=expired)("GET", "/push?content=web").status_code == 401
    assert Lane(ring=expiring)("GET", "/push?content=web").status_code == 201


def test_a_key_used_too_often_is_told_when_to_come_again() -> None:
    lane = Lane(rates=Rates(rate=0.1, burst=2), ring=KeyRing([key(), key("other", name="other")]))

    answers = [lane("GET", "/push?content=web") for _ in range(3)]
    other = lane("GET", "/push?content=web", secret="other")

    assert [answered.status_code for answered in answers] == [201, 201, 429]
    assert answers[-1].json() == {"error": "too many requests with this key"}
    assert answers[-1].headers["Retry-After"] == "10"
    assert other.status_code == 201


def test_every_answer_to_a_key_says_what_it_has_left() -> None:
    def broken(_: object) -> Answer:
        raise KeyError("oops")

    ring = KeyRing([key(products=["web"])])
    lane = Lane(rates=Rates(rate=1, burst=10), ring=ring)
    paths = ("/push?content=web", "/push?content=shop", "/push")
    answers = [lane("GET", path) for path in paths] + [lane("POST", "/push", content=b"{")]
    defect = Lane(replace(PUSH, answer=broken), ring=ring, rates=Rates(rate=1, burst=10))("GET", paths[0])

    assert [answered.status_code for answered in answers] == [201, 403, 400, 415]
    assert [answered.headers["X-RateLimit-Remaining"] for answered in answers] == ["9", "8", "7", "6"]
    assert (defect.status_code, defect.headers["X-RateLimit-Remaining"]) == (500, "9")
    reset = str(int(NOW.timestamp()) + 1)
    assert (defect.headers["X-RateLimit-Limit"], defect.headers["X-RateLimit-Reset"]) == ("10", reset)


def test_strangers_and_limits_that_are_off_are_told_nothing_of_rates() -> None:
    for answered in (Lane()("GET", "/push?content=web"), Lane(rates=Rates(rate=1, burst=1))("GET", "/push", secret="")):
        assert not [name for name in answered.headers if name.startswith("x-ratelimit")]


def test_a_stranger_uses_up_nothing() -> None:
    lane = Lane(rates=Rates(rate=1, burst=1), ring=KeyRing([key(expires_at=NOW), key("good", name="good")]))

    for secret in ("", "wrong", SECRET):
        assert lane("GET", "/push?content=web", secret=secret).status_code == 401

    assert lane("GET", "/push?content=web", secret="good").status_code == 201


def test_more_reports_at_once_than_there_is_room_for_are_told_to_come_again() -> None:
    store = StoreAsleep()
    lane = Lane(store=store, limits=Limits(reports=2))

    async def crowd() -> tuple[list[httpx.Response], httpx.Response, httpx.Response]:
        first = [asyncio.create_task(lane.send("GET", f"/push?content=web{number}")) for number in range(2)]
        await until(lambda: lane.app._under_way == 2)
        refused = await lane.send("GET", "/push?content=more")
        store.woken.set()
        return await asyncio.gather(*first), refused, await lane.send("GET", "/push?content=more")

    first, refused, again = asyncio.run(crowd())

    assert [answered.status_code for answered in first] == [201, 201]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json() == {"error": "too many reports at once"}
    assert again.status_code == 201


@pytest.mark.parametrize(("announced", "codes"), [(True, [201, 201, 503]), (False, [201, 503, 503])])
def test_bodies_that_together_are_too_large_are_told_to_come_again(announced: bool, codes: list[int]) -> None:
    store = StoreAsleep()
    lane = Lane(store=store, limits=Limits(body_bytes=1000, reports_bytes=1200))
    lengths = [600, 600, 1]

    async def send(number: int) -> httpx.Response:
        content = b'{"content": "web%d"}'.ljust(lengths[number]) % number
        pieces = iter([content])

        async def piecemeal() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        headers = {"Content-Type": "application/json"}
        return await lane.send("POST", "/push", content=content if announced else piecemeal(), headers=headers)

    async def crowd() -> list[httpx.Response]:
        sent = []
        for number in range(3):
            sent.append(asyncio.create_task(send(number)))
            await until(lambda: lane.app._under_way == number + 1 or sent[-1].done())  # noqa: B023
        store.woken.set()
        return await asyncio.gather(*sent)

    assert [answered.status_code for answered in asyncio.run(crowd())] == codes
    assert lane.app._held_bytes == 0


def test_a_refused_report_leaves_its_place_to_the_next() -> None:
    lane = Lane(limits=Limits(reports=1))

    for _ in range(3):
        assert lane("GET", "/push").status_code == 400

    assert lane("GET", "/push?content=web").status_code == 201


def test_the_dialect_never_sees_the_key_in_the_query_or_the_body() -> None:
    seen: list[Request] = []

    def look(request: Request) -> Report:
        seen.append(request)
        return parse(request)

    lane = Lane(replace(PUSH, parse=look))
    lane("GET", "/push?content=web&type=x")
    lane("POST", "/push?type=x", json={"content": "web", "token": SECRET, "nested": [{SECRET: 1}]})

    assert [request.head.query for request in seen] == ["content=web&type=x", "type=x"]
    assert seen[1].document == {"content": "web", "token": "***", "nested": [{"***": 1}]}
    assert SECRET not in seen[1].text


@pytest.mark.parametrize(("path", "known"), [("/push", True), ("/push/", True), ("/pusher", False), ("", False)])
def test_a_request_that_never_got_here_is_told_of_in_the_words_of_its_api(path: str, known: bool) -> None:
    told = Lane().app.explain(path, Rejected("too much", reason="head-too-large"))

    assert told == ((431, {"error": "too much"}) if known else None)
