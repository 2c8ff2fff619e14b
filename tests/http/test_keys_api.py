"""Keys over HTTP: for whoever has a key with the scope admin, and for nobody else."""

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from deploytrail.errors import Misconfigured
from deploytrail.keys.model import Key, Scope, digest
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.body import LARGEST
from tests.fakes import NOW, SECRET, key
from tests.http.endpoint import Endpoint, event, head, receive_all
from tests.keys_in_memory import MemoryKeys, ReadOnlyKeys

KEYS = "/api/v1/keys"
BOSS = "dtk_b055b055_b3NzLW9mLXRoZS10ZXN0cy0xMjM0NTY3"


class Managed:
    """An endpoint with an administrator and a key for CI."""

    def __init__(self, kind: type[MemoryKeys] = MemoryKeys) -> None:
        boss = key(BOSS, name="boss", scopes=[Scope.ADMIN])
        self.ring = KeyRing([boss, key()])
        self.keys = kind(self.ring, boss, key())

    def __enter__(self) -> "Managed":
        self.endpoint = Endpoint(ring=self.ring, keys=self.keys)
        self.endpoint.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.endpoint.__exit__(*raised)

    def ask(self, method: str, path: str = KEYS, *, secret: str = BOSS, **options: Any) -> httpx.Response:
        with self.endpoint.client(Authorization=f"Bearer {secret}") as client:
            return client.request(method, path, **options)

    def create(self, **order: Any) -> httpx.Response:
        return self.ask("POST", json={"name": "new", "scopes": ["ingest"]} | order)

    @property
    def stored(self) -> dict[str, Key]:
        return self.keys._keys


@pytest.fixture
def managed() -> Iterator[Managed]:
    with Managed() as running:
        yield running


def test_a_key_is_created_shown_once_and_good(managed: Managed) -> None:
    created = managed.create(products=["hivelai/webhook-logger"], expires="90d")

    body = created.json()
    assert created.status_code == 201
    assert created.headers["Cache-Control"] == "no-store"
    assert managed.stored["new"].digest == digest(body["key"])
    assert {name: value for name, value in body.items() if name != "key"} == {
        "name": "new",
        "scopes": ["ingest"],
        "apis": [],
        "products": ["hivelai/webhook-logger"],
        "environments": [],
        "product": None,
        "environment": None,
        "workspace": None,
        "created_at": "2026-11-21T12:00:00Z",
        "expires_at": "2027-02-19T12:00:00Z",
        "last_used_at": None,
    }
    assert managed.endpoint.post(event(), secret=body["key"]).status_code == 200


def test_everything_a_key_can_be_can_be_ordered(managed: Managed) -> None:
    about = {"product": "shop", "environment": "eu", "workspace": "acme"}

    managed.create(scopes=["read", "ingest"], apis=["hivel"], environments=["eu"], **about)

    made = managed.stored["new"]
    assert set(made.scopes) == {Scope.READ, Scope.INGEST}
    assert (set(made.apis), set(made.environments)) == ({"hivel"}, {"eu"})
    assert (made.product, made.environment, made.workspace) == ("shop", "eu", "acme")


def test_a_list_shows_names_limits_and_last_use_and_neither_key_nor_digest(managed: Managed) -> None:
    managed.endpoint.post(event())
    managed.keys.kept = {"boss": NOW - timedelta(minutes=30)}

    listed = managed.ask("GET")

    items = listed.json()["items"]
    assert [(item["name"], item["scopes"]) for item in items] == [("boss", ["admin"]), ("ci", ["ingest", "read"])]
    assert [item["last_used_at"] for item in items] == ["2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"]
    for secret in (SECRET, BOSS):
        assert secret not in listed.text
        assert digest(secret) not in listed.text


def test_a_revoked_key_is_gone_and_refused(managed: Managed) -> None:
    revoked = managed.ask("DELETE", f"{KEYS}/ci")

    assert (revoked.status_code, revoked.content) == (204, b"")
    assert set(managed.stored) == {"boss"}
    assert managed.endpoint.post(event()).status_code == 401
    assert managed.ask("DELETE", f"{KEYS}/ci").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("POST", KEYS), ("GET", KEYS), ("DELETE", f"{KEYS}/ci")])
@pytest.mark.parametrize(
    ("scopes", "code"),
    [((), 401), ((Scope.INGEST,), 401), ((Scope.READ,), 403), ((Scope.READ, Scope.INGEST), 403)],
)
def test_keys_are_for_administrators(
    managed: Managed, method: str, path: str, scopes: tuple[Scope, ...], code: int
) -> None:
    managed.ring.replace([*managed.stored.values(), key("someone", name="someone", scopes=scopes)])

    answer = managed.ask(method, path, secret="someone", json={"name": "new", "scopes": ["admin"]})

    assert answer.status_code == code
    assert set(managed.stored) == {"boss", "ci"}
    if code == 403:
        assert answer.json() == {"detail": "this key lacks the scope admin"}


def test_an_administrator_may_not_read_without_the_scope(managed: Managed) -> None:
    assert managed.ask("GET", "/api/v1/deployments").status_code == 403


@pytest.mark.parametrize(
    ("order", "where"),
    [
        ({"name": "New"}, ["body", "name"]),
        ({"name": ["x"]}, ["body", "name"]),
        ({"scopes": []}, ["body", "scopes"]),
        ({"scopes": ["write"]}, ["body", "scopes", 0]),
        ({"products": ["a\nb"]}, ["body", "products", 0]),
        ({"digest": "0" * 64}, ["body"]),
        ({"products": ["a"], "product": "b"}, ["body"]),
    ],
)
def test_an_order_that_makes_no_sense_is_422_and_says_where(
    managed: Managed, order: dict[str, Any], where: list[Any]
) -> None:
    answer = managed.create(**order)

    assert answer.status_code == 422
    assert [problem["loc"] for problem in answer.json()["detail"]] == [where]
    assert set(managed.stored) == {"boss", "ci"}


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"apis": ["vivel"]}, "apis: use any of "),
        ({"expires": "soon"}, "write a time such as"),
        ({"expires": "1999-01-01"}, "over already"),
        ({"name": "boss-key-as-a-name"}, "this is a key, not a name for one"),
    ],
)
def test_an_order_that_cannot_be_met_is_422(managed: Managed, order: dict[str, Any], sentence: str) -> None:
    managed.ring.replace([*managed.stored.values(), key("boss-key-as-a-name", name="short")])

    answer = managed.create(**order)

    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


def test_a_name_is_given_once(managed: Managed) -> None:
    answer = managed.create(name="ci")

    assert answer.status_code == 409
    assert answer.json() == {"detail": "a key named ci exists already: revoke it or choose another name"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_order_is_422(managed: Managed, body: bytes) -> None:
    answer = managed.ask("POST", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


def test_a_body_of_another_type_is_415(managed: Managed) -> None:
    assert managed.ask("POST", data={"name": "new"}).status_code == 415


def test_the_key_is_checked_before_the_body_is_read_and_the_body_is_limited(managed: Managed) -> None:
    said: dict[str, Any] = {"Content_Type": "application/json", "Content_Length": LARGEST + 1, "Connection": "close"}
    with managed.endpoint.connect() as stranger, managed.endpoint.connect() as boss:
        stranger.sendall(head(KEYS, Authorization="Bearer wrong", **said))
        boss.sendall(head(KEYS, Authorization=f"Bearer {BOSS}", **said) + b"x" * (LARGEST + 1))

        assert receive_all(stranger).startswith(b"HTTP/1.1 401 ")
        assert receive_all(boss).startswith(b"HTTP/1.1 413 ")


def test_where_deploytrail_itself_may_not_it_says_what_to_do(managed: Managed) -> None:
    with Managed(ReadOnlyKeys) as restricted:
        answers = [restricted.create(), restricted.ask("DELETE", f"{KEYS}/ci")]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].json()["detail"].startswith("no right to create Secrets in the namespace deploytrail: set ")
        assert "keys.manageByApi" in answers[1].json()["detail"]
        assert restricted.ask("GET").status_code == 200


def test_where_keys_cannot_be_written_it_is_501() -> None:
    class Mounted(MemoryKeys):
        async def create(self, key: Key) -> None:
            raise Misconfigured("cannot write the keys file /keys.json: Read-only file system")

    with Managed(Mounted) as read_only:
        answer = read_only.create()

    assert answer.status_code == 501
    assert answer.json()["detail"].endswith("Read-only file system")


def test_who_made_and_who_revoked_a_key_is_logged(logged: io.StringIO) -> None:
    with Managed() as managed:
        secret = managed.create().json()["key"]
        managed.ask("DELETE", f"{KEYS}/new")
        managed.ask("DELETE", f"{KEYS}/nothing")

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    audit = [line for line in lines if line["event"].startswith("key_")]
    assert [(line["event"], line["name"], line["by"]) for line in audit] == [
        ("key_created", "new", "boss"),
        ("key_revoked", "new", "boss"),
    ]
    assert secret not in logged.getvalue()


def test_the_openapi_document_describes_the_order_and_refers_to_nothing_that_is_not_there(managed: Managed) -> None:
    document = managed.ask("GET", "/openapi.json").json()

    order = document["paths"][KEYS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert order["required"] == ["name", "scopes"]
    assert references <= set(document["components"]["schemas"])
    assert "Scope" in references
