"""Starting and stopping: what is under way is finished, what cannot be is said."""

import asyncio
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Receive, Scope, Send

from deploytrail.errors import Misconfigured
from deploytrail.serve.protocol import ServerLimits
from deploytrail.serve.server import Server
from tests.fakes import StoreAsleep
from tests.http.endpoint import Endpoint, event
from tests.waiting import wait_until


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that is never asked."""


def test_a_request_under_way_is_answered_before_the_server_stops() -> None:
    store = StoreAsleep()
    told = event()
    with Endpoint(store) as endpoint, ThreadPoolExecutor() as pool:
        posted = pool.submit(endpoint.post, told)
        assert store.asked.wait(10)

        endpoint.ask_to_stop()
        wait_until(lambda: refuses(endpoint.port))
        store.woken.set()

        assert posted.result(10).status_code == 200
        endpoint.join()
        assert len(endpoint.stored(told["deployment_id"])) == 1


def test_a_request_that_does_not_end_does_not_hold_up_the_stop() -> None:
    store = StoreAsleep()
    with Endpoint(store, server_limits=ServerLimits(grace_seconds=1)) as endpoint, ThreadPoolExecutor() as pool:
        posted = pool.submit(endpoint.post, event())
        assert store.asked.wait(10)

        endpoint.ask_to_stop()
        endpoint.join()

        assert posted.result(10).status_code == 503


def test_an_idle_connection_does_not_hold_up_the_stop() -> None:
    with Endpoint() as endpoint, endpoint.connect() as connection:
        endpoint.ask_to_stop()
        endpoint.join()

        assert connection.recv(1) == b""


def test_a_taken_port_is_said_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(Misconfigured, match=f"cannot listen on {address}: Address already in use"):
            asyncio.run(Server(nothing, listen=address).start())


@pytest.mark.parametrize("listen", ["nowhere.invalid:80", "127.0.0.1:99999", "192.0.2.1:0", "127.0.0.1:http"])
def test_an_address_that_cannot_be_had_is_misconfigured(listen: str) -> None:
    with pytest.raises(Misconfigured, match=f"cannot listen on {listen}"):
        asyncio.run(Server(nothing, listen=listen).start())


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0"])
def test_a_server_listens_where_it_was_told_and_stops_twice(listen: str) -> None:
    async def start_and_stop() -> None:
        server = Server(nothing, listen=listen)
        await server.start()
        _, writer = await asyncio.open_connection(listen.rpartition(":")[0].strip("[]"), server.port)
        writer.close()
        await server.stop()
        await server.stop()

    asyncio.run(start_and_stop())


def test_the_server_leaves_sigterm_to_its_caller() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def handler_while_serving() -> object:
        server = Server(nothing, listen="127.0.0.1:0")
        await server.start()
        handler = signal.getsignal(signal.SIGTERM)
        await server.stop()
        return handler

    assert asyncio.run(handler_while_serving()) == before


def test_answers_do_not_wait_for_the_acknowledgement_of_their_first_half() -> None:
    async def option_of_the_listener() -> int:
        server = Server(nothing, listen="127.0.0.1:0")
        await server.start()
        [listener] = server._uvicorn.servers[0].sockets
        option: int = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        await server.stop()
        return option

    assert asyncio.run(option_of_the_listener()) != 0


def refuses(port: int) -> bool:
    """Whether nobody listens there any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False
