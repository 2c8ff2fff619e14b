"""The read API, asked: pages, answers that are known already, and what becomes of refusals."""

import httpx
import pytest

from deploytrail.errors import Rejected, Unavailable
from deploytrail.remote.destination import Destination
from deploytrail.viewing.client import Client
from tests.unit.reporting.timing import FakeServer, Reaction

NEXT = {"Link": '<?cursor=c1>; rel="next"'}
KEY = "dtk_0a1b2c3d_c2VjcmV0"


def client(*reactions: Reaction) -> tuple[Client, FakeServer]:
    server = FakeServer(*reactions)
    return Client(Destination("https://deploytrail.example.com/under", KEY), transport=server), server


def page(*names: str, following: str | None = None) -> httpx.Response:
    return httpx.Response(200, json={"items": [{"id": name} for name in names], "next": following})


def test_pages_are_turned_until_there_is_enough() -> None:
    asked, server = client(page("a", "b", following="c1"), page("c", following="c2"))

    listed = asked.list("/api/v1/builds", {"product": "shop"}, most=3)

    assert [each["id"] for each in listed.items] == ["a", "b", "c"]
    assert listed.more
    assert [dict(request.url.params) for request in server.requests] == [
        {"product": "shop", "limit": "3"},
        {"product": "shop", "limit": "1", "cursor": "c1"},
    ]
    assert server.requests[0].url.path == "/under/api/v1/builds"
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_the_last_page_is_the_last() -> None:
    asked, server = client(page("a"))

    assert not asked.list("/api/v1/builds", {}, most=3).more
    assert len(server.requests) == 1


def test_what_is_known_is_not_sent_again() -> None:
    first = httpx.Response(200, json={"id": "a"}, headers={"ETag": 'W/"1"'})
    asked, server = client(first, httpx.Response(304))

    answers = [asked.one("/x"), asked.one("/x")]

    assert answers == [{"id": "a"}, {"id": "a"}]
    assert [request.headers.get("If-None-Match") for request in server.requests] == [None, 'W/"1"']


@pytest.mark.parametrize(
    ("reaction", "kind", "sentence"),
    [
        (httpx.Response(401, json={"detail": "Invalid API key"}), Rejected, "Invalid API key"),
        (httpx.Response(404, json={"detail": "There is no such build"}), Rejected, "There is no such build"),
        (httpx.Response(422, json={"detail": [{"msg": "unknown status"}]}), Rejected, "unknown status"),
        (httpx.Response(301, headers={"Location": "https://x"}), Rejected, "redirect"),
        (httpx.Response(200, text="<html>please sign in</html>"), Rejected, "is the URL right"),
        (httpx.Response(304), Rejected, "redirect"),
        (httpx.Response(429, json={"detail": "too many"}), Unavailable, "too many"),
        (httpx.Response(503, json={"detail": "the store is away"}), Unavailable, "the store is away"),
        (httpx.ConnectError("Connection refused"), Unavailable, "Connection refused"),
        (httpx.ReadTimeout(""), Unavailable, "no answer in time"),
    ],
    ids=str,
)
def test_a_refusal_is_one_of_our_errors(reaction: Reaction, kind: type[Exception], sentence: str) -> None:
    asked, _ = client(reaction)

    with pytest.raises(kind, match=sentence):
        asked.one("/x")


def test_csv_comes_piece_by_piece_and_its_refusal_as_any_other() -> None:
    whole, part = (httpx.Response(200, text="id\r\n1\r\n", headers=links) for links in ({}, NEXT))
    asked, server = client(whole, part, httpx.Response(403, json={"detail": "no"}))
    written: list[str] = []

    more = [asked.csv("/x", {"product": "shop"}, written.append) for _ in range(2)]

    assert more == [False, True]
    assert "".join(written) == 2 * "id\r\n1\r\n"
    assert dict(server.requests[0].url.params) == {"product": "shop", "format": "csv"}
    with pytest.raises(Rejected, match="no"):
        asked.csv("/x", {}, written.append)
