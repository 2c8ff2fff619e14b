"""Where to, and with which key."""

from pathlib import Path

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.remote.destination import Destination, find_destination, find_url

URL = "https://deploytrail.example.com"
KEY = "dtk_0a1b2c3d_c2VjcmV0"
VARIABLES = {"DEPLOYTRAIL_URL": URL, "DEPLOYTRAIL_KEY": KEY}


def test_both_are_found_in_our_variables() -> None:
    assert find_destination(None, None, VARIABLES) == Destination(URL, KEY)


def test_flags_win(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk_acme_k1_other\n")

    found = find_destination("http://localhost:8080/trail/", file, VARIABLES)

    assert found == Destination("http://localhost:8080/trail", "sk_acme_k1_other")


@pytest.mark.parametrize(
    "url",
    [
        "deploytrail.example.com",
        "ftp://deploytrail.example.com",
        "https://",
        "https://deploytrail.example.com?key=1",
        "https://deploytrail.example.com#here",
        "https://deploytrail.example.com:port",
        "https://[::1",
        "https://a\nb",
    ],
)
def test_what_cannot_be_a_deploytrail_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Misconfigured):
        find_url(url, {})


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(Misconfigured) as refused:
        find_url("https://alice:hunter2@deploytrail.example.com", {})

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEPLOYTRAIL_KEY": KEY}, "say --url, or set DEPLOYTRAIL_URL"),
        ({"DEPLOYTRAIL_URL": " ", "DEPLOYTRAIL_KEY": KEY}, "say --url, or set DEPLOYTRAIL_URL"),
        ({"DEPLOYTRAIL_URL": URL}, "set DEPLOYTRAIL_KEY, or say --key-file"),
        ({"DEPLOYTRAIL_URL": URL, "DEPLOYTRAIL_KEY": "\n"}, "set DEPLOYTRAIL_KEY, or say --key-file"),
    ],
)
def test_what_is_missing_is_named(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        find_destination(None, None, variables)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "sch\N{LATIN SMALL LETTER U WITH DIAERESIS}ssel"])
def test_a_key_that_cannot_travel_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        find_destination(None, None, VARIABLES | {"DEPLOYTRAIL_KEY": key})

    assert key not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(Misconfigured, match="characters that no key has"):
        find_destination(None, file, VARIABLES)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"missing cannot be read: No such file"):
        find_destination(None, tmp_path / "missing", VARIABLES)


def test_a_key_is_not_shown_with_its_destination() -> None:
    assert KEY not in repr(Destination(URL, KEY))
