"""What may be ordered, when it ends, and what follows it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from deploytrail.app import dialects
from deploytrail.errors import Rejected
from deploytrail.keys.model import SIGNED, Key, Scope, digest
from deploytrail.keys.order import Order, parse_duration, parse_expiry, successor
from deploytrail.settings import Settings
from tests.fakes import NOW, key


def order(**told: Any) -> Order:
    return Order.model_validate({"name": "ci", "scopes": ["ingest"]} | told)


def test_a_key_is_what_was_ordered() -> None:
    told = {"apis": ["quanta"], "products": ["shop"], "environments": ["eu", "us"], "workspace": "acme"}

    made = order(**told, product="shop", environment="eu", expires="90d").key("secret", now=NOW)

    assert (made.name, made.digest, made.scopes) == ("ci", digest("secret"), frozenset({Scope.INGEST}))
    assert [set(limit) for limit in (made.apis, made.products, made.environments)] == [
        {"quanta"},
        {"shop"},
        {"eu", "us"},
    ]
    assert (made.product, made.environment, made.workspace) == ("shop", "eu", "acme")
    assert (made.created_at, made.expires_at) == (NOW, NOW + timedelta(days=90))


@pytest.mark.parametrize(
    ("apis", "kept"), [(["github"], True), (["github", "hivel"], True), (["hivel"], False), ([], False)]
)
def test_a_key_is_kept_itself_where_senders_sign_with_it_and_nowhere_else(apis: list[str], kept: bool) -> None:
    made = order(apis=apis).key("a-secret-of-16-characters", now=NOW)
    following = successor(made, "another-secret-of-somebody", taken={"ci"}, now=NOW)

    shown = f"{made!r} {made} {made.model_dump()} {made.model_dump_json()}"
    assert (made.signing is not None, following.signing is not None) == (kept, kept)
    assert "a-secret-of-16-characters" not in shown
    if following.signing is not None:
        assert following.signing.get_secret_value() == "another-secret-of-somebody"


def test_gitlabs_signing_tokens_are_kept_and_its_secret_tokens_are_not() -> None:
    signing, secret = f"whsec_{'a' * 43}=", "dtk_0123abcd_a-secret-of-24-characters"

    made = order(apis=["gitlab"]).key(signing, now=NOW)
    following = successor(made, secret, taken={"ci"}, now=NOW)

    assert made.signing is not None
    assert made.signing.get_secret_value() == signing
    assert following.signing is None


def test_exactly_the_apis_that_check_signatures_have_their_keys_kept() -> None:
    assert {each.name for each in dialects(Settings()) if each.signature is not None} == SIGNED.keys()


def test_a_key_is_unlimited_and_lasts_for_ever_unless_ordered_otherwise() -> None:
    made = order().key("secret", now=NOW + timedelta(microseconds=5))

    assert made == key("secret", scopes=[Scope.INGEST])


@pytest.mark.parametrize(
    "told",
    [
        {"name": "Ci"},
        {"name": ""},
        {"name": "-ci"},
        {"name": "c" * 64},
        {"name": "ci\n"},
        {"name": "dtk_0a1b2c3d_c2VjcmV0"},
        {"scopes": []},
        {"scopes": ["write"]},
        {"products": [""]},
        {"products": [" shop"]},
        {"products": ["a\nb"]},
        {"environments": ["x" * 513]},
        {"workspace": "\t"},
        {"product": ""},
        {"environment": "a\nb"},
        {"team": "x"},
        {"digest": "0" * 64},
        {"expires": "9" * 65},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order(**told)


@pytest.mark.parametrize(
    "told",
    [
        {"products": ["shop"], "product": "web"},
        {"environments": ["eu"], "environment": "us"},
    ],
)
def test_a_default_lies_within_the_limits(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="is not one that the key may report"):
        order(**told).key("secret", now=NOW)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("90d", NOW + timedelta(days=90)),
        ("2w", NOW + timedelta(days=14)),
        ("1d12h", NOW + timedelta(hours=36)),
        ("1h30m", NOW + timedelta(minutes=90)),
        ("45s", NOW + timedelta(seconds=45)),
        ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T02:00:00+02:00", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T00:00:00", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_time_or_how_long_from_now(text: str, when: datetime) -> None:
    assert parse_expiry(text, now=NOW) == when


@pytest.mark.parametrize("text", ["", "soon", "90", "d", "-1d", "1.5d", "1h1d", "90 d", "٩d", "2027-13-01"])
def test_anything_else_is_told_how_to_be_written(text: str) -> None:
    with pytest.raises(Rejected, match="write a time such as"):
        parse_expiry(text, now=NOW)


@pytest.mark.parametrize("text", ["0s", "2026-11-21T12:00:00Z", "1999-01-01"])
def test_an_end_lies_in_the_future(text: str) -> None:
    with pytest.raises(Rejected, match="over already"):
        parse_expiry(text, now=NOW)


@pytest.mark.parametrize("text", ["999999999999d", "36501d", "999999999999999999w", "9999-12-31T23:59:59-14:00"])
def test_an_end_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Rejected, match="more than a hundred years"):
        parse_expiry(text, now=NOW)


def test_no_time_at_all_is_a_duration() -> None:
    assert parse_duration("0s") == timedelta(0)


@pytest.mark.parametrize(
    ("name", "taken", "following"),
    [
        ("ci", {"ci"}, "ci-2"),
        ("ci-2", {"ci", "ci-2"}, "ci-3"),
        ("ci", {"ci", "ci-2", "ci-3"}, "ci-4"),
        ("ci-9", {"ci-9"}, "ci-10"),
        ("build-agent", {"build-agent"}, "build-agent-2"),
        ("v-0", {"v-0"}, "v-0-2"),
    ],
)
def test_the_next_of_a_series_has_the_next_free_number(name: str, taken: set[str], following: str) -> None:
    assert successor(key(name=name), "new", taken=taken, now=NOW).name == following


def test_the_next_of_a_series_may_do_the_same_for_as_long() -> None:
    old = key(products=["shop"], workspace="acme", created_at=NOW, expires_at=NOW + timedelta(days=90))

    new = successor(old, "new", taken={"ci"}, now=NOW + timedelta(days=80))

    assert new.digest == digest("new")
    assert (new.created_at, new.expires_at) == (NOW + timedelta(days=80), NOW + timedelta(days=170))
    changed = {"name": "ci", "product": None, "digest": old.digest, "created_at": NOW, "expires_at": old.expires_at}
    assert new.model_copy(update=changed) == old


@pytest.mark.parametrize(
    ("old", "product"),
    [
        (key(name="site"), "site"),
        (key(name="site", product="shop"), "shop"),
        (key(name="site", products=["site", "shop"]), "site"),
        (key(name="site", products=["shop"]), None),
        (key(name="site", scopes=[Scope.READ]), None),
    ],
)
def test_what_is_recorded_under_the_name_of_a_key_stays_under_it(old: Key, product: str | None) -> None:
    assert successor(old, "new", taken={"site"}, now=NOW).product == product


def test_a_name_too_long_to_be_followed_is_told() -> None:
    with pytest.raises(Rejected, match="too long a name"):
        successor(key(name="c" * 63), "new", taken=set(), now=NOW)
