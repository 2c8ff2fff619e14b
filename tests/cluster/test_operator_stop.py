"""SIGTERM: what is under way is answered, then the process ends well."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.cluster.trail import Trail
from tests.controlplane.server import ControlPlane
from tests.http.endpoint import event, head, receive_all
from tests.operator_process import Operator
from tests.waiting import wait_until


@pytest.fixture
def operator(trail: Trail) -> Operator:
    return trail.run()


def connect(operator: Operator) -> socket.socket:
    address = urlsplit(operator.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=10)


def refuses(operator: Operator) -> bool:
    try:
        connect(operator).close()
    except ConnectionRefusedError:
        return True
    return False


@contextmanager
def under_way(operator: Operator, body: bytes) -> Iterator[socket.socket]:
    """A post that the operator has begun to read: it has asked for the body."""
    request = head(X_API_Token=operator.key, Content_Length=len(body), Expect="100-continue")
    with connect(operator) as connection:
        connection.sendall(request)
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        yield connection


def test_a_post_under_way_is_answered_and_stored_before_the_process_ends(trail: Trail, operator: Operator) -> None:
    body = json.dumps(event(repo_url="https://github.com/acme/in-flight")).encode()
    with under_way(operator, body) as connection:
        operator.process.send(signal.SIGTERM)
        wait_until(lambda: refuses(operator))
        connection.sendall(body)
        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert operator.process.wait(10) == 0
    assert "acme/in-flight" in [record["spec"]["product"] for record in trail.records()]
    assert [line["event"] for line in operator.log()][-3:] == ["stopping", "deployment_recorded", "stopped"]


def test_an_api_server_that_hangs_does_not_hold_it_up(operator: Operator, control_plane: ControlPlane) -> None:
    body = json.dumps(event()).encode()
    control_plane.freeze_api()
    try:
        with under_way(operator, body) as connection:
            connection.sendall(body)
            code = operator.stop()
            answer = receive_all(connection)
    finally:
        control_plane.thaw_api()

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert code == 0
