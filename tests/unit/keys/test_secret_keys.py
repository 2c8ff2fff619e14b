"""A key as a Secret: nothing of it is lost, and what is no key is passed over."""

from base64 import b64decode, b64encode
from typing import Any

import pytest
from structlog.testing import capture_logs

from deploytrail.keys.model import Key
from deploytrail.keys.secrets import LABEL, _parse, from_secret, to_secret
from tests.fakes import NOW, SECRET, key


def secret(**fields: str) -> dict[str, Any]:
    """As kubectl makes one."""
    return {
        "metadata": {"name": "deploytrail-key-ci", "creationTimestamp": "2026-11-21T12:00:00Z"},
        "data": {name: b64encode(value.encode()).decode() for name, value in fields.items()},
    }


@pytest.mark.parametrize(
    "told",
    [
        key(),
        key(apis=["hivel", "quanta"], products=["a b", "c"], environments=["eu"]),
        key(product="shop", environment="eu", workspace="acme", expires_at=NOW),
    ],
)
def test_a_key_comes_back_as_it_was(told: Key) -> None:
    kept = to_secret(told)

    assert from_secret(kept) == told
    assert kept["metadata"]["labels"] == {LABEL: "true"}
    assert SECRET not in str(kept)


def test_a_key_that_its_senders_sign_with_is_kept_itself() -> None:
    told = key(apis=["github"], signing=True)

    kept = to_secret(told)

    assert b64decode(kept["data"]["signing"]).decode() == SECRET
    assert from_secret(kept) == told


def test_a_key_made_with_kubectl_needs_a_digest_and_a_scope_alone() -> None:
    made = from_secret(secret(digest=key().digest, scopes="ingest\nread\n", workspace="", product=" ", expiresAt=""))

    assert made == key()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"scopes": "ingest"}, "digest"),
        ({"digest": "0" * 64, "scopes": "write"}, "scopes"),
        ({"digest": "0" * 64, "scopes": "ingest", "expiresAt": "soon"}, "expires_at"),
        ({"digest": "0" * 64, "scopes": "ingest", "product": "a", "products": "b"}, "default product"),
        ({"digest": "\x00"}, "digest"),
    ],
)
def test_what_is_no_key_is_passed_over_and_its_wrong_field_named(fields: dict[str, str], wrong: str) -> None:
    with capture_logs() as logged:
        found = _parse(secret(**fields))

    [line] = logged
    assert found is None
    assert (line["event"], line["name"]) == ("key_ignored", "deploytrail-key-ci")
    assert wrong in line["fields"][0]
