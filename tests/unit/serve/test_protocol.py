"""The limits of a connection, by a clock that only the test moves."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from deploytrail.errors import Rejected
from deploytrail.serve.connections import Connections
from deploytrail.serve.protocol import LimitedConfig, LimitedProtocol, ServerLimits

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


class Wire(asyncio.Transport):
    """Remembers what was written, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def explain(path: str, error: Rejected) -> tuple[int, dict[str, str]] | None:
    """One path has an API, which says it in its own words."""
    return (418, {"oops": error.reason}) if path == "/native api" else None


class Connection:
    """One connection to an application that answers when it is told to."""

    def __init__(self, crowd: Connections | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.answer = asyncio.Event()
        self.once = False
        self.wire = Wire()
        config = LimitedConfig(
            self.app, interface="asgi3", lifespan="off", ws="none", log_config=None, access_log=False
        )
        config.limits = ServerLimits(head_bytes=200, head_fields=10, receive_seconds=10)
        config.open = crowd or Connections(10)
        config.explain = explain
        self.protocol = LimitedProtocol(config, ServerState(), {}, self.loop)
        self.protocol.connection_made(self.wire)
        self.began = self.loop.time()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer.wait()
        if self.once:
            self.answer.clear()
        await send({"type": "http.response.start", "status": 204, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def sends(self, data: bytes) -> None:
        self.protocol.data_received(data)
        self.settle()

    def settle(self) -> None:
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))

    def after(self, seconds: float) -> None:
        self.protocol.expire(self.loop.time() + seconds)

    @property
    def code(self) -> int | None:
        return int(self.wire.written.split()[1]) if self.wire.written else None

    def end(self) -> None:
        self.answer.set()
        self.settle()
        self.protocol.connection_lost(None)
        self.settle()
        self.loop.close()


Connect = Callable[..., Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections; afterwards all of them end."""
    opened: list[Connection] = []

    def connect(crowd: Connections | None = None) -> Connection:
        opened.append(Connection(crowd))
        return opened[-1]

    yield connect
    for each in opened:
        each.end()


@pytest.fixture
def connection(connect: Connect) -> Connection:
    return connect()


@pytest.mark.parametrize(("seconds", "closed"), [(9, False), (11, True)])
def test_a_silent_connection_is_closed_in_time(connection: Connection, seconds: float, closed: bool) -> None:
    connection.after(seconds)

    assert (connection.wire.closed, connection.code) == (closed, None)


@pytest.mark.parametrize("sent", [POST[:20], POST, POST + b"{}"])
def test_half_a_request_is_answered_408_in_time(connection: Connection, sent: bytes) -> None:
    connection.sends(sent)
    connection.after(9)
    assert not connection.wire.closed

    connection.after(11)

    assert (connection.wire.closed, connection.code) == (True, 408)


def test_a_whole_request_may_take_its_time_to_be_answered(connection: Connection) -> None:
    connection.sends(POST + b"{  }")

    connection.after(1000)

    assert not connection.wire.closed


def test_a_connection_kept_alive_is_not_closed_for_being_idle(connection: Connection) -> None:
    connection.answer.set()
    connection.sends(POST + b"{  }")

    connection.after(11)

    assert (connection.wire.closed, connection.code) == (False, 204)


@pytest.mark.parametrize("following", [POST[:20], POST + b"{"])
def test_an_answer_under_way_is_not_disturbed_by_a_slow_request_behind_it(
    connection: Connection, following: bytes
) -> None:
    connection.sends(POST + b"{  }" + following)

    connection.after(11)
    assert not connection.wire.closed
    connection.answer.set()
    connection.settle()

    assert connection.code == 204


def test_an_answer_given_before_the_body_came_does_not_keep_the_connection(connection: Connection) -> None:
    connection.answer.set()
    connection.sends(POST + b"{")

    connection.after(11)

    assert (connection.wire.closed, connection.code) == (True, 204)


@pytest.mark.parametrize(
    "sent",
    [
        POST[:-4] + b"\r\nX: " + b"x" * 200 + b"\r\n\r\n",
        POST[:-4] + b"".join(b"\r\nX%d: x" % number for number in range(40)) + b"\r\n\r\n",
        b"GET /" + b"x" * 200 + b" HTTP/1.1\r\n\r\n",
        POST[:-4] + b"".join(b"\r\n%d: x" % number for number in range(9)) + b"\r\n\r\n",
    ],
)
def test_a_head_too_large_is_431(connection: Connection, sent: bytes) -> None:
    connection.sends(sent)

    assert (connection.wire.closed, connection.code) == (True, 431)


def test_a_header_without_end_is_431_while_it_arrives(connection: Connection) -> None:
    connection.sends(POST[:-4] + b"\r\nX: ")
    for _ in range(3):
        assert not connection.wire.closed
        connection.sends(b"x" * 99)

    assert (connection.wire.closed, connection.code) == (True, 431)


def test_a_body_is_not_counted_as_head(connection: Connection) -> None:
    connection.sends(b"POST / HTTP/1.1\r\nContent-Length: 4000\r\n\r\n" + b"x" * 1000)
    connection.sends(b"x" * 3000 + POST[:30])
    connection.sends(POST[30:])

    assert not connection.wire.closed


def test_heads_that_arrive_in_pieces_are_counted_one_by_one(connection: Connection) -> None:
    connection.answer.set()
    for _ in range(10):
        connection.sends(POST[:10])
        connection.sends(POST[10:40])
        connection.sends(POST[40:] + b"{  }")
        connection.settle()

    assert connection.wire.written.count(b"HTTP/1.1 204 ") == 10
    assert not connection.wire.closed


def test_as_many_headers_as_allowed_are_read_of_each_request(connection: Connection) -> None:
    connection.answer.set()
    for _ in range(3):
        connection.sends(POST[:-4] + b"".join(b"\r\n%d: x" % number for number in range(8)) + b"\r\n\r\n{  }")

    assert connection.wire.written.count(b"HTTP/1.1 204 ") == 3


@pytest.mark.parametrize("path", [b"/native%20api", b"/native%20api?auth_token=x"])
def test_what_never_got_to_an_api_is_refused_in_its_words(connection: Connection, path: bytes) -> None:
    connection.sends(b"POST " + path + b" HTTP/1.1\r\nX: " + b"x" * 200 + b"\r\n\r\n")

    assert connection.code == 418
    assert b'{"oops":"head-too-large"}' in connection.wire.written


def test_a_request_to_an_api_that_stops_half_way_is_refused_in_its_words(connection: Connection) -> None:
    connection.sends(b"POST /native%20api HTTP/1.1\r\nX: ")

    connection.after(11)

    assert connection.code == 418
    assert b'{"oops":"too-slow"}' in connection.wire.written


def test_an_idle_connection_makes_room_for_a_new_one(connect: Connect) -> None:
    crowd = Connections(1)

    first, second = connect(crowd), connect(crowd)

    assert (first.wire.closed, first.code) == (True, None)
    assert (second.wire.closed, second.code) == (False, None)


def test_a_connection_beyond_all_room_is_told_to_come_again(connect: Connect) -> None:
    crowd = Connections(1)
    busy = connect(crowd)
    busy.sends(POST + b"{  }")

    refused = connect(crowd)

    assert (refused.wire.closed, refused.code) == (True, 503)
    assert b"\r\nretry-after: 1\r\n" in refused.wire.written
    assert b'{"detail":"Too many connections"}' in refused.wire.written
    assert not busy.wire.closed


def test_a_connection_that_was_answered_makes_room(connect: Connect) -> None:
    crowd = Connections(1)
    answered = connect(crowd)
    answered.answer.set()
    answered.sends(POST + b"{  }")

    welcome = connect(crowd)

    assert (answered.wire.closed, answered.code) == (True, 204)
    assert not welcome.wire.closed


def test_a_connection_that_was_closed_makes_room(connect: Connect) -> None:
    crowd = Connections(1)
    closed = connect(crowd)
    closed.sends(POST + b"{  }")
    closed.protocol.connection_lost(None)

    assert not connect(crowd).wire.closed


def test_a_connection_with_a_request_in_waiting_is_not_idle(connect: Connect) -> None:
    crowd = Connections(1)
    busy = connect(crowd)
    busy.sends((POST + b"{  }") * 2)
    busy.once = True
    busy.answer.set()
    busy.settle()
    assert busy.wire.written.count(b"HTTP/1.1 204 ") == 1

    other = connect(crowd)

    assert not busy.wire.closed
    assert other.code == 503
    busy.once = False


def test_what_is_no_http_is_counted_and_writes_no_log(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    before = REGISTRY.get_sample_value("deploytrail_http_refused_total", {"code": "400"}) or 0.0

    connection.sends(b"hello\r\n\r\n")

    assert (connection.wire.closed, connection.code) == (True, 400)
    assert REGISTRY.get_sample_value("deploytrail_http_refused_total", {"code": "400"}) == before + 1
    assert caplog.records == []
