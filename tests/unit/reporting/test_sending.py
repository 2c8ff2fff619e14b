"""How often a report is tried, and when that ends."""

from itertools import pairwise

import httpx
import pytest

from deploytrail.errors import Conflict, Rejected, Unavailable
from deploytrail.remote.destination import Destination
from deploytrail.reporting.sending import send
from tests.unit.reporting.timing import FakeServer, FakeTime, recorded

KEY = "dtk_0a1b2c3d_c2VjcmV0"
DESTINATION = Destination("https://deploytrail.example.com", KEY)
BODY = {"product_name": "shop", "version": "1.2.3", "environment_name": "production", "status": "completed"}


def deliver(server: FakeServer, time: FakeTime, *, seconds: float = 30.0, chance: float = 1.0) -> tuple[str, list[str]]:
    """The id and what was noted on the way."""
    notes: list[str] = []
    patience = time.patience(seconds, chance=chance)
    id_ = send(DESTINATION, "/deployment-events/", BODY, patience=patience, note=notes.append, transport=server)
    return id_, notes


def test_a_report_that_is_taken_is_sent_once() -> None:
    server, time = FakeServer(recorded("42")), FakeTime()

    id_, notes = deliver(server, time)

    assert (id_, notes, time.pauses) == ("42", [], [])
    [request] = server.requests
    assert (request.method, str(request.url)) == ("POST", "https://deploytrail.example.com/deployment-events/")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "hindrance",
    [
        httpx.ConnectError("Connection refused"),
        httpx.ReadTimeout(""),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.Response(408, json={"detail": "too slow"}),
        httpx.Response(429, json={"detail": "too many"}),
        httpx.Response(500, text="oops"),
        httpx.Response(502, text="<html>Bad Gateway</html>"),
        httpx.Response(503, json={"detail": "the store is away"}),
    ],
    ids=lambda hindrance: type(hindrance).__name__ if isinstance(hindrance, Exception) else str(hindrance.status_code),
)
def test_what_may_pass_is_tried_again_with_the_same_bytes(hindrance: httpx.Response | httpx.RequestError) -> None:
    server, time = FakeServer(hindrance, hindrance, recorded("42")), FakeTime()

    id_, notes = deliver(server, time)

    assert id_ == "42"
    assert len(notes) == 2
    assert len(set(server.bodies)) == 1
    assert len(server.requests) == 3


def test_pauses_double_up_to_a_limit() -> None:
    server, time = FakeServer(*[httpx.ConnectError("refused")] * 8, recorded()), FakeTime()

    deliver(server, time, seconds=100)

    assert time.pauses == [0.5, 1, 2, 4, 8, 8, 8, 8]


def test_jobs_that_fail_together_do_not_come_back_together() -> None:
    early, late = FakeTime(), FakeTime()
    hindrances = [httpx.ConnectError("refused")] * 4

    deliver(FakeServer(*hindrances, recorded()), early, chance=0.0)
    deliver(FakeServer(*hindrances, recorded()), late, chance=1.0)

    assert [2 * pause for pause in early.pauses] == late.pauses


def test_the_servers_wish_to_wait_is_met() -> None:
    server, time = FakeServer(httpx.Response(429, headers={"Retry-After": "7"}), recorded()), FakeTime()

    deliver(server, time)

    assert time.pauses == [7]


def test_a_server_that_wants_a_longer_wait_than_there_is_time_is_not_waited_for() -> None:
    server, time = FakeServer(httpx.Response(503, headers={"Retry-After": "60"}, json={"detail": "away"})), FakeTime()

    with pytest.raises(Unavailable, match="in one try: 503: away"):
        deliver(server, time)

    assert time.pauses == []


def test_patience_ends_in_time() -> None:
    server, time = FakeServer(httpx.ConnectError("Connection refused")), FakeTime()

    with pytest.raises(Unavailable, match=r"took no report in 6 tries: Connection refused"):
        deliver(server, time, seconds=20)

    assert sum(time.pauses) < 20
    assert all(later >= earlier for earlier, later in pairwise(time.pauses))


def test_a_certificate_that_is_not_trusted_is_not_asked_for_again() -> None:
    server = FakeServer(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))

    with pytest.raises(Unavailable, match="self-signed"):
        deliver(server, FakeTime())

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (
            httpx.Response(409, json={"detail": "Version 1.2.3 already exists with different SHA"}),
            Conflict,
            "refused with 409: Version 1.2.3 already exists with different SHA",
        ),
        (httpx.Response(401, json={"detail": "Invalid API key"}), Rejected, "refused with 401: Invalid API key"),
        (httpx.Response(400, json={"detail": "Field 'version' is required"}), Rejected, "400: Field 'version' is"),
        (httpx.Response(404, text="<html>nothing here</html>"), Rejected, "refused with 404: Not Found"),
        (httpx.Response(302, headers={"Location": "https://login/?token=x"}), Rejected, "answers with a redirect"),
        (httpx.Response(200, text="<html>Please log in</html>"), Rejected, "is the URL right"),
        (httpx.Response(200, json={"message": "Success"}), Rejected, "is the URL right"),
        (httpx.Response(200, json=["id"]), Rejected, "is the URL right"),
    ],
)
def test_what_is_refused_is_not_tried_again(answer: httpx.Response, kind: type[Rejected], sentence: str) -> None:
    server = FakeServer(answer)

    with pytest.raises(kind) as refused:
        deliver(server, FakeTime())

    assert sentence in str(refused.value)
    assert len(server.requests) == 1


def test_the_key_is_in_no_error_and_no_note() -> None:
    server = FakeServer(httpx.ConnectError("Connection refused"))
    notes: list[str] = []

    with pytest.raises(Unavailable) as gone:
        send(DESTINATION, "/build-events/", BODY, patience=FakeTime().patience(), note=notes.append, transport=server)

    assert notes
    assert KEY not in "".join([*notes, str(gone.value), repr(gone.value.__cause__)])


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    class Endless(httpx.SyncByteStream):
        read = 0

        def __iter__(self):  # type: ignore[no-untyped-def]
            while True:
                Endless.read += 1024
                yield b"x" * 1024

    with pytest.raises(Rejected, match="is the URL right"):
        deliver(FakeServer(httpx.Response(200, stream=Endless())), FakeTime())

    assert Endless.read < 100_000
