from datetime import timedelta

import pytest

from deploytrail.errors import Unavailable
from deploytrail.keys.model import Scope, digest, new_key
from deploytrail.keys.ring import KeyRing
from deploytrail.telemetry import mask
from tests.fakes import NOW, SECRET, key


def test_a_key_is_found_by_what_was_presented() -> None:
    ring = KeyRing([key(), key("other", name="other")])

    found = ring.find("other", scope=Scope.READ, now=NOW)

    assert found is not None
    assert found.name == "other"


@pytest.mark.parametrize("presented", [None, "", "wrong", SECRET + " ", SECRET.upper(), digest(SECRET)])
def test_anything_else_is_not(presented: str | None) -> None:
    assert KeyRing([key()]).find(presented, scope=Scope.READ, now=NOW) is None


def test_before_the_keys_were_read_nobody_knows_which_are_good() -> None:
    ring = KeyRing()
    with pytest.raises(Unavailable):
        ring.find(SECRET, scope=Scope.READ, now=NOW)

    ring.replace([])

    assert ring.find(SECRET, scope=Scope.READ, now=NOW) is None


def test_a_key_is_good_for_its_scopes_and_apis_and_time_only() -> None:
    ring = KeyRing([key(scopes=[Scope.INGEST], apis=["hivel"], expires_at=NOW + timedelta(hours=1))])

    assert ring.find(SECRET, scope=Scope.INGEST, now=NOW, api="hivel")
    assert ring.find(SECRET, scope=Scope.INGEST, now=NOW)
    assert not ring.find(SECRET, scope=Scope.READ, now=NOW, api="hivel")
    assert not ring.find(SECRET, scope=Scope.INGEST, now=NOW, api="quanta")
    assert not ring.find(SECRET, scope=Scope.INGEST, now=NOW + timedelta(hours=1), api="hivel")


def test_a_key_far_too_long_is_none_and_costs_no_digest() -> None:
    long = "x" * 100_000

    assert KeyRing([key(long)]).find(long, scope=Scope.READ, now=NOW) is None


def test_a_use_is_noted_by_name_and_a_refusal_is_not() -> None:
    ring = KeyRing([key(), key("other", name="other", scopes=[Scope.INGEST]), key("third", name="third")])

    ring.find(SECRET, scope=Scope.READ, now=NOW)
    ring.find(SECRET, scope=Scope.INGEST, now=NOW + timedelta(hours=1))
    ring.find("other", scope=Scope.READ, now=NOW)
    ring.find("third", scope=Scope.READ, now=NOW)
    ring.replace([key(), key("other", name="other")])

    assert ring.used == {"ci": NOW + timedelta(hours=1)}


def test_a_text_that_is_a_key_is_known_for_one_even_when_it_expired() -> None:
    ring = KeyRing([key(expires_at=NOW)])

    assert ring.holds(SECRET)
    assert not ring.holds("ci")


def test_two_keys_are_in_force_during_a_rotation() -> None:
    ring = KeyRing([key("old"), key("new", name="ci-2")])
    assert ring.find("old", scope=Scope.INGEST, now=NOW)
    assert ring.find("new", scope=Scope.INGEST, now=NOW)

    ring.replace([key("new", name="ci-2")])

    assert not ring.find("old", scope=Scope.INGEST, now=NOW)
    assert len(ring) == 1


def test_a_new_key_is_unlike_any_other_and_masked_in_logs() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert {mask(f"key {each}.") for each in keys} == {"key ***."}
