"""Where a key may stand: in the query, found without reading all of it."""

import pytest

from deploytrail.sources.http.dialect import Head, key_in_query


def head(query: str = "", **headers: str) -> Head:
    return Head(method="GET", path="/", query=query, headers=headers)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("auth_token=abc", "abc"),
        ("type=x&auth_token=abc&content=y", "abc"),
        ("auth_token=a%2Bb%20c+d", "a+b c d"),
        ("auth_token=first&auth_token=second", "first"),
        ("auth_token=", ""),
        ("my_auth_token=abc", None),
        ("auth_tokens=abc", None),
        ("content=auth_token=abc", None),
        ("auth_token", None),
        ("auth_token=" + "x" * 513, None),
        ("", None),
    ],
)
def test_a_key_in_the_query(query: str, key: str | None) -> None:
    assert key_in_query("auth_token")(head(query)) == key
