"""More connections than there is room for: who asks is served, who only holds one makes room."""

import resource
import select
import socket
from concurrent.futures import ThreadPoolExecutor

from deploytrail.record.model import AnyReport, R
from deploytrail.serve.protocol import ServerLimits
from deploytrail.stores.base import Outcome
from tests.fakes import StoreAsleep
from tests.http.endpoint import Endpoint, event, receive_all
from tests.waiting import wait_until


class Counting(StoreAsleep):
    """Knows how many wait for it."""

    waiting = 0

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        self.waiting += 1
        return await super().record(report)


def closed(connection: socket.socket) -> bool:
    """Whether the other side has hung up."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1) == b""


def test_whoever_holds_connections_keeps_nobody_out() -> None:
    with Endpoint(server_limits=ServerLimits(connections=10)) as endpoint:
        held = [endpoint.connect() for _ in range(30)]

        answers = [endpoint.get("/healthz"), endpoint.post(event())]

        wait_until(lambda: sum(map(closed, held)) >= 21)
        for each in held:
            each.close()
    assert [answer.status_code for answer in answers] == [200, 200]


def test_when_all_are_busy_one_more_is_503_at_once() -> None:
    store = Counting()
    with Endpoint(store, server_limits=ServerLimits(connections=2)) as endpoint, ThreadPoolExecutor() as pool:
        posts = [pool.submit(endpoint.post, event()) for _ in range(2)]
        wait_until(lambda: store.waiting == 2)

        with endpoint.connect() as refused:
            answer = receive_all(refused)
        store.woken.set()

        assert [post.result(10).status_code for post in posts] == [200, 200]
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in answer


def test_the_system_is_asked_for_as_many_files_as_connections_need() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))

        with Endpoint(server_limits=ServerLimits(connections=300)):
            allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert allowed == 400
