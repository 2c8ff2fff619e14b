"""A session is as good as its key, and as nothing else."""

from datetime import timedelta

import pytest

from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.pages.sessions import seal, unseal
from tests.fakes import NOW, SECRET, key

UNTIL = NOW + timedelta(hours=1)
OTHER = "dtk_11111111_YW5vdGhlci1zZWNyZXQtYWx0b2dldGhlcg"


def test_any_replica_knows_the_key_of_a_session() -> None:
    cookie = seal(key(), UNTIL)

    assert unseal(cookie, KeyRing([key()]), NOW) == (key(), timedelta(hours=1))
    assert SECRET not in cookie
    assert key().digest not in cookie


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param([], id="revoked"),
        pytest.param([key(expires_at=NOW)], id="expired"),
        pytest.param([key(scopes=[Scope.INGEST])], id="without the scope"),
        pytest.param([key(OTHER)], id="another of the same name"),
    ],
)
def test_it_ends_with_its_key(keys: list) -> None:  # type: ignore[type-arg]
    assert unseal(seal(key(), UNTIL), KeyRing(keys), NOW) is None


def test_it_ends_by_itself() -> None:
    assert unseal(seal(key(), UNTIL), KeyRing([key()]), UNTIL) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda cookie: cookie.replace("ci~", "admin~"),
        lambda cookie: cookie.replace(str(int(UNTIL.timestamp())), str(int(UNTIL.timestamp()) + 1)),
        lambda cookie: cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
        lambda cookie: cookie + "0",
        lambda cookie: cookie.rpartition("~")[0],
        lambda _: "",
        lambda _: "~~",
        lambda _: "ci~99999999999~" + "é" * 64,
    ],
)
def test_whoever_changes_it_has_none(change) -> None:  # type: ignore[no-untyped-def]
    ring = KeyRing([key(), key(OTHER, name="admin")])

    assert unseal(change(seal(key(), UNTIL)), ring, NOW) is None


def test_a_look_at_a_forged_one_is_no_use_of_the_key() -> None:
    ring = KeyRing([key()])

    unseal(seal(key(OTHER), UNTIL), ring, NOW)

    assert ring.used == {}
