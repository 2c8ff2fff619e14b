"""What is stored of a request holds no key, wherever its sender put it."""

import pytest

from deploytrail.keys.hiding import hide, hide_in_query
from deploytrail.keys.model import new_key

OPAQUE = "hunter2/hunter2+hunter2="


def test_the_key_a_request_came_with_is_hidden_wherever_it_stands() -> None:
    said = f'{{"token": "{OPAQUE}", "note": "use {OPAQUE} twice", "php": "hunter2\\/hunter2+hunter2="}}'

    assert hide(said, OPAQUE) == '{"token": "***", "note": "use *** twice", "php": "***"}'


def test_whatever_looks_like_a_key_of_ours_is_hidden() -> None:
    secret = new_key()

    assert hide(f"a {secret}, b", "presented-was-another") == "a ***, b"


@pytest.mark.parametrize("said", ["", "dtk_", "dtk_web", "the branch dtk_fix", "production", "hunter2"])
def test_nothing_else_is_changed(said: str) -> None:
    assert hide(said, OPAQUE) == said


def test_a_key_as_short_as_a_word_does_not_eat_the_text() -> None:
    assert hide("to production", "production") == "to production"


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("auth_token=hunter2%2Fhunter2%2Bhunter2%3D&type=x", "type=x"),
        ("type=x&auth_token=hunter2/hunter2%2bhunter2=", "type=x"),
        ("type=x&%61uth_token=%68unter2/hunter2%2Bhunter2=&content=a", "type=x&content=a"),
        ("hunter2/hunter2%2Bhunter2=&a=1", "a=1"),
        ("content=see+hunter2/hunter2%2Bhunter2=&a=1", "a=1"),
        ("type=x&content=version+42.0", "type=x&content=version+42.0"),
        ("", ""),
    ],
)
def test_parameters_that_hold_the_key_are_left_out_however_encoded(query: str, left: str) -> None:
    assert hide_in_query(query, OPAQUE) == left


def test_of_a_short_key_only_the_parameter_that_is_it_goes() -> None:
    assert hide_in_query("auth_token=web&content=website", "web") == "content=website"
