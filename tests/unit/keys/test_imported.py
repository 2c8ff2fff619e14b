"""Keys that somebody brings along: what is read, what is refused, and that no refusal shows any of it."""

import pytest

from deploytrail.errors import Rejected
from deploytrail.keys.imported import read_key, read_keys

VERSIONER = "sk_mycompany_k1_8f3a2b9c7d6e5f4a"
QUANTA = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"


@pytest.mark.parametrize("key", [VERSIONER, QUANTA, "a+b/c==:.~!@#$%^&*()<>", "x" * 16, "x" * 512])
@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", " {} "])
def test_a_key_is_read_without_the_line_around_it(key: str, around: str) -> None:
    assert read_key(around.format(key)) == key


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "fewer than 16"),
        ("short-hunter2", "fewer than 16"),
        ("hunter2" * 100, "more than 512"),
        ("hunter2 hunter2 hunter2", "a space"),
        (f"{VERSIONER}\n{QUANTA}", "a space"),
        ('hunter2"hunter2"hunter2', "a quote"),
        ("hunter2\\hunter2\\hunter2", "a backslash"),
        ("hunter2-is-a-schlüssel", "not printable ASCII"),
        ("hunter2-\x7f-\x00-hunter2", "not printable ASCII"),
        ("hunter2-was-not-utf8-\ufffd", "not printable ASCII"),
    ],
)
def test_what_cannot_be_a_key_is_refused_and_not_shown(text: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as refusal:
        read_key(text)

    assert "hunter2" not in str(refusal.value)


def test_several_keys_are_read_from_lines() -> None:
    text = f"# from the old place\n\nci={VERSIONER}\r\n  site = {QUANTA}\nb64=c2VjcmV0LXNlY3JldA==\n"

    assert read_keys(text) == {"ci": VERSIONER, "site": QUANTA, "b64": "c2VjcmV0LXNlY3JldA=="}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no line name=key"),
        ("# ci=x\n", "no line name=key"),
        (f"ci={VERSIONER}\nhunter2-without-a-name\n", "line 2 is not name=key"),
        (f"ci={VERSIONER}\nci={QUANTA}", "line 2: this name stands above"),
        (f"ci={VERSIONER}\nother={VERSIONER}", "line 2: this key stands above already"),
        ("\nci=hunter2", "line 2: the key has fewer than 16"),
        ("ci=", "line 1: the key has fewer than 16"),
    ],
)
def test_a_wrong_line_is_named_and_not_shown(text: str, sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence) as refusal:
        read_keys(text)

    assert not {"hunter2", VERSIONER, QUANTA} & set(str(refusal.value).replace(":", " ").split())
    assert VERSIONER not in str(refusal.value)
