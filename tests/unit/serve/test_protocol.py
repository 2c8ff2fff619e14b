"""The limits of a connection, by a clock that only the test moves."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

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


class Connection:
    """One connection to an application that answers when it is told to."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.answer = asyncio.Event()
        self.wire = Wire()
        config = LimitedConfig(
            self.app, interface="asgi3", lifespan="off", ws="none", log_config=None, access_log=False
        )
        config.limits = ServerLimits(head_bytes=200, receive_seconds=10)
        self.protocol = LimitedProtocol(config, ServerState(), {}, self.loop)
        self.protocol.connection_made(self.wire)
        self.began = self.loop.time()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer.wait()
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


@pytest.fixture
def connection() -> Iterator[Connection]:
    opened = Connection()
    yield opened
    opened.answer.set()
    opened.settle()
    opened.protocol.connection_lost(None)
    opened.settle()
    opened.loop.close()


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
