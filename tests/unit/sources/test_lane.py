"""The lane with an API unlike Hivel's: two methods, a key in the query, errors of its own shape."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deploytrail.errors import DeploytrailError, Rejected
from deploytrail.keys.ring import KeyRing
from deploytrail.record.model import Deployment, Report
from deploytrail.recorder import Recorder
from deploytrail.sources.http.dialect import Answer, Dialect, Head, Request, code_of
from deploytrail.sources.http.lane import IngestLane
from deploytrail.stores.memory import MemoryStore
from tests.fakes import NOW, SECRET, key, stopped_clock
from tests.reports import report


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

    def __init__(self, dialect: Dialect = PUSH, ring: KeyRing | None = None) -> None:
        self.store = MemoryStore()
        self.app = IngestLane(
            [dialect],
            recorder=Recorder(self.store),
            ring=KeyRing([key()]) if ring is None else ring,
            clock=stopped_clock,
            fallback=elsewhere,
        )

    def __call__(self, method: str, path: str, *, secret: str = SECRET, **options: object) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://lane") as client:
                url = httpx.URL(path).copy_merge_params({"auth_token": secret})
                return await client.request(method, url, **options)  # type: ignore[arg-type]

        return asyncio.run(send())


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
