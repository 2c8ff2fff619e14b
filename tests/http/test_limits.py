"""What a connection may take of us: size, depth, time."""

import asyncio
import json
import time

import httpx
import pytest

from deploytrail.serve.protocol import ServerLimits
from deploytrail.sources.http.body import Limits
from tests.fakes import SECRET
from tests.http.endpoint import HIVEL_PATH, Endpoint, event, head, heard, receive_all, rejected

QUICK = ServerLimits(receive_seconds=0.3)


def nested(depth: int) -> bytes:
    """An object with ``depth`` levels, itself included."""
    return json.dumps(event()).encode()[:-1] + b', "x": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_a_connection_that_says_nothing_is_closed() -> None:
    with Endpoint(server_limits=QUICK) as endpoint, endpoint.connect() as connection:
        assert receive_all(connection) == b""


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (head("/elsewhere")[:40], {"detail": "the request did not arrive in time"}),
        (head()[:60], {"message": "Request timeout", "error": "the request did not arrive in time"}),
    ],
)
def test_half_a_head_is_answered_408_and_closed(sent: bytes, body: dict[str, str]) -> None:
    with Endpoint(server_limits=QUICK) as endpoint, endpoint.connect() as connection:
        connection.sendall(sent)

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == body


def test_a_head_that_trickles_in_is_cut_off() -> None:
    with Endpoint(server_limits=QUICK) as endpoint, endpoint.connect() as connection:
        began, answer = time.monotonic(), b""
        connection.settimeout(0.05)
        for byte in head(X_Long="x" * 10_000):
            try:
                connection.sendall(bytes([byte]))
                answer += connection.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if answer:
                break

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 5


def test_a_slow_body_is_408_in_the_dialect() -> None:
    counted = rejected("too-slow")
    with Endpoint(limits=Limits(receive_seconds=0.2)) as endpoint, endpoint.connect() as connection:
        connection.sendall(head(Content_Length=100) + b'{"deployment_id": ')

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "message": "Request timeout",
        "error": "the body did not arrive within 0.2 seconds",
    }
    assert rejected("too-slow") == counted + 1


def test_a_body_nobody_waits_for_does_not_keep_the_connection() -> None:
    with Endpoint(server_limits=QUICK) as endpoint, endpoint.connect() as connection:
        connection.sendall(head(X_API_Token="wrong", Content_Length=100) + b'{"deployment_id": ')

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_16_kib_of_head_are_read_and_more_is_431(endpoint: Endpoint) -> None:
    with endpoint.connect() as accepted, endpoint.connect() as refused:
        accepted.sendall(head(Connection="close", X_Long="x" * 15_000, Content_Length=0))
        refused.sendall(head(X_Long="x" * 17_000, Content_Length=0))

        assert receive_all(accepted).startswith(b"HTTP/1.1 400 ")
        assert receive_all(refused).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(("number", "length"), [(1000, 20), (200, 1), (50, 400)])
def test_many_headers_are_refused_in_the_dialect_however_small(endpoint: Endpoint, number: int, length: int) -> None:
    counted = rejected("head-too-large")
    with endpoint.connect() as connection:
        connection.sendall(head(**{f"X_{each}": "x" * length for each in range(number)}))

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {
        "message": "Request header fields too large",
        "error": "the request's head is too large",
    }
    assert rejected("head-too-large") == counted + 1


def test_a_head_of_8_mib_is_cut_off_while_it_arrives(endpoint: Endpoint) -> None:
    with endpoint.connect() as connection:
        connection.sendall(head()[:-4] + b"\r\nX-Long: ")
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(b"x" * 8 * 1024 * 1024)

    assert endpoint.post(event()).status_code == 200


@pytest.mark.parametrize("mebibytes", [2, 7])
def test_a_body_too_large_is_answered_even_to_who_listens_only_after_sending(
    endpoint: Endpoint, mebibytes: int
) -> None:
    body = b'{"x": "' + b"x" * mebibytes * 1024 * 1024
    with endpoint.connect() as connection:
        connection.sendall(head(Content_Length=len(body)) + body)

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"message":"Payload too large"' in answer


def test_who_asks_before_sending_too_much_is_answered_before_sending(endpoint: Endpoint) -> None:
    with endpoint.connect() as connection:
        connection.sendall(head(Content_Length=5_000_000, Expect="100-continue"))

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_who_announces_gigabytes_is_answered_at_once(endpoint: Endpoint) -> None:
    with endpoint.connect() as connection:
        connection.sendall(head(Content_Length=10**12))

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_is_read_and_limited(endpoint: Endpoint) -> None:
    told = event()
    body = json.dumps(told).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:50], body[50:])) + b"0\r\n\r\n"
    with endpoint.connect() as small, endpoint.connect() as large:
        small.sendall(head(Connection="close", Transfer_Encoding="chunked") + chunks)
        large.sendall(head(Transfer_Encoding="chunked") + (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 20 + b"0\r\n\r\n")

        assert receive_all(small).startswith(b"HTTP/1.1 200 ")
        assert receive_all(large).startswith(b"HTTP/1.1 413 ")
    assert len(endpoint.stored(told["deployment_id"])) == 1


@pytest.mark.parametrize("depth", [33, 1000, 2000, 100_000])
def test_a_body_too_deep_is_refused(endpoint: Endpoint, depth: int) -> None:
    counted = rejected("depth")

    answer = endpoint.post(nested(depth))

    assert answer.status_code == 400
    assert answer.json() == {"message": "Validation failed", "error": "the body is nested deeper than 32 levels"}
    assert rejected("depth") == counted + 1


def test_a_body_just_deep_enough_is_accepted(endpoint: Endpoint) -> None:
    assert endpoint.post(nested(32)).status_code == 200


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (str(2**63 - 1), 2**63 - 1),
        (str(-(2**63)), -(2**63)),
        (str(2**63), 2.0**63),
        (str(2**64 - 1), 2.0**64),
        (str(-(2**63) - 1), -(2.0**63)),
        ("1e20", 1e20),
        ("1" + "0" * 300, 1e300),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", 5e-324),
    ],
)
def test_numbers_are_kept_exactly_or_as_the_nearest_float(endpoint: Endpoint, written: str, kept: float) -> None:
    told = event(extra={"deep": ["NUMBER"]})

    answer = endpoint.post(json.dumps(told).replace('"NUMBER"', written).encode())

    [stored] = endpoint.stored(told["deployment_id"])
    assert answer.status_code == 200
    assert stored.metadata["extra"] == {"deep": [kept]}
    assert type(stored.metadata["extra"]["deep"][0]) is type(kept)
    assert written in (stored.tellings[0].body or "")


@pytest.mark.parametrize("written", ["1e309", "-1e999", "9" * 400])
def test_a_number_that_is_infinite_here_is_refused(endpoint: Endpoint, written: str) -> None:
    answer = endpoint.post(json.dumps(event(extra="NUMBER")).replace('"NUMBER"', written).encode())

    assert answer.status_code == 400
    assert answer.json()["error"] == "the body holds a number beyond 1.8e308, the largest there is"


@pytest.mark.parametrize("told", [{"branch": "a\0b"}, {"extra": {"x": ["\0"]}}, {"extra": {"\0": 1}}, {"\0": 1}])
def test_a_nul_character_is_refused_wherever_it_stands(endpoint: Endpoint, told: dict[str, object]) -> None:
    answer = endpoint.post(event(**told))

    assert answer.status_code == 400
    assert answer.json()["error"] == "the body holds a NUL character"


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\x80"}'])
def test_invalid_utf_8_is_refused(endpoint: Endpoint, body: bytes) -> None:
    answer = endpoint.post(body)

    assert answer.status_code == 400
    assert answer.json()["error"] == "the body is not valid UTF-8"


def test_half_a_surrogate_pair_is_refused(endpoint: Endpoint) -> None:
    assert endpoint.post(b'{"a": "\\ud800"}').json()["error"] == "the body is not valid JSON"


def test_a_body_of_unknown_keys_gives_a_small_answer(endpoint: Endpoint) -> None:
    answer = endpoint.post(json.dumps({f"key{number}": number for number in range(50_000)}).encode())

    assert answer.status_code == 400
    assert len(answer.content) < 300


def test_a_long_list_of_wrong_items_gives_a_small_answer_soon(endpoint: Endpoint) -> None:
    answer = endpoint.post(event(pr_numbers=[{}] * 200_000))

    assert answer.json()["error"] == "pr_numbers must be a list of numbers"
    assert answer.elapsed.total_seconds() < 5


def test_requests_sent_without_waiting_are_answered_in_order(endpoint: Endpoint) -> None:
    told = [event() for _ in range(5)]
    requests = b"".join(
        head(Content_Length=len(body), **({"Connection": "close"} if last else {})) + body
        for body, last in ((json.dumps(each).encode(), each is told[-1]) for each in told)
    )
    with endpoint.connect() as connection:
        connection.sendall(requests)

        answers = receive_all(connection)

    positions = [answers.index(f'"deployment_id":"{each["deployment_id"]}"'.encode()) for each in told]
    assert answers.count(b"HTTP/1.1 200 ") == 5
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_http_is_400_json(endpoint: Endpoint, sent: bytes) -> None:
    with endpoint.connect() as connection:
        connection.sendall(sent)

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json\r\n" in answer


def test_a_client_that_leaves_in_the_middle_is_no_error(endpoint: Endpoint) -> None:
    before = len(endpoint.stored())
    for cut in (10, 150, 250):
        with endpoint.connect() as connection:
            connection.sendall((head(Content_Length=1000) + b'{"deployment_id": "x"')[:cut])

    assert endpoint.post(event()).status_code == 200
    assert len(endpoint.stored()) == before + 1


def test_an_upgrade_is_not_made_and_the_request_is_answered(endpoint: Endpoint) -> None:
    with endpoint.connect() as connection:
        connection.sendall(head("/healthz", method="GET", Connection="Upgrade, close", Upgrade="websocket"))

        answer = receive_all(connection)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_200_identical_posts_at_once_create_one_deployment(endpoint: Endpoint) -> None:
    told, created, repeated = event(), heard("recorded"), heard("duplicate")

    async def post_all() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{endpoint.port}", limits=limits, timeout=30, verify=False
        ) as client:
            posts = (client.post(HIVEL_PATH, json=told, headers={"X-API-Token": SECRET}) for _ in range(200))
            return list(await asyncio.gather(*posts))

    answers = asyncio.run(post_all())

    assert {answer.status_code for answer in answers} == {200}
    assert len(endpoint.stored(told["deployment_id"])) == 1
    assert (heard("recorded"), heard("duplicate")) == (created + 1, repeated + 199)
