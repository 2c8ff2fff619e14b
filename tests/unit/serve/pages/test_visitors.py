"""Who may look, and what is believed of whom."""

from typing import Any

import pytest
from fastapi import Request
from pydantic import ValidationError

from deploytrail.keys.ring import KeyRing
from deploytrail.serve.pages.settings import PageSettings
from deploytrail.serve.pages.visitors import Visitor, Visitors, came_from_here
from tests.fakes import key, stopped_clock

BEHIND = {"user_header": "X-Forwarded-User", "trusted_proxies": "10.0.0.0/8, fd00::/8"}


def asked(*, by: str = "10.1.2.3", **headers: str) -> Request:
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": told, "client": (by, 1)}
    return Request(scope | {"server": ("deploytrail", 80)})


def visitors(**settings: Any) -> Visitors:
    return Visitors(PageSettings.model_validate(settings), KeyRing([key()]), stopped_clock)


@pytest.mark.parametrize("by", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_a_trusted_proxy_is_believed_who_asks(by: str) -> None:
    assert visitors(**BEHIND).of(asked(by=by, x_forwarded_user="alice@example.com")) == Visitor("alice@example.com")


@pytest.mark.parametrize("by", ["192.168.0.1", "::1", "testclient", ""])
def test_nobody_else_is(by: str) -> None:
    assert visitors(**BEHIND).of(asked(by=by, x_forwarded_user="alice")) is None
    assert not visitors(**BEHIND).is_secure(asked(by=by, x_forwarded_proto="https"))


def test_a_user_that_is_named_twice_or_at_length_is_nobody() -> None:
    twice = asked(x_forwarded_user="alice")
    twice.scope["headers"].append((b"x-forwarded-user", b"admin"))

    assert visitors(**BEHIND).of(twice) is None
    assert visitors(**BEHIND).of(asked(x_forwarded_user="a" * 300)) is None
    assert visitors(**BEHIND).of(asked(x_forwarded_user=" ")) is None


def test_by_default_no_header_makes_anybody_a_reader() -> None:
    assert visitors().of(asked(x_forwarded_user="alice")) is None
    assert visitors(anonymous=True).of(asked(x_forwarded_user="alice")) == Visitor(None)


def test_a_header_without_trusted_proxies_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="which proxies are trusted"):
        PageSettings(user_header="X-Forwarded-User")


def test_https_is_told_by_the_browser_s_form_or_a_trusted_proxy() -> None:
    assert visitors().is_secure(asked(origin="https://trail.example.com"))
    assert visitors(**BEHIND).is_secure(asked(x_forwarded_proto="https"))
    assert not visitors().is_secure(asked(x_forwarded_proto="https"))
    assert not visitors().is_secure(asked(origin="http://trail.example.com"))


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site", "origin": "http://trail"}, False),
        ({"origin": "https://trail"}, True),
        ({"origin": "https://evil"}, False),
        ({"origin": "null"}, False),
        ({}, True),
    ],
)
def test_a_form_of_another_site_is_told_by_the_browser(headers: dict[str, str], ours: bool) -> None:
    assert came_from_here(asked(host="trail", **headers)) is ours
