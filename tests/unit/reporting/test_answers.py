"""What the server says, fit for one line of a job's log."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from deploytrail.errors import Rejected, Unavailable
from deploytrail.remote.answers import LONGEST_SENTENCE
from deploytrail.reporting.answers import recorded_as


def explain(code: int, text: str) -> str:
    answer = httpx.Response(code, text=text, request=httpx.Request("POST", "https://deploytrail.example.com"))
    with pytest.raises(Rejected) as refused:
        recorded_as(answer, text)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"detail": "Invalid API key"}', "Invalid API key"),
        ('{"message": "Validation failed", "error": "Start time cannot be after end time"}', "Start time cannot"),
        ('{"detail": {"message": "Version is locked", "code": "LOCKED"}}', "Version is locked"),
        ('{"detail": [{"loc": ["body", "version"], "msg": "field required"}]}', "field required"),
        ('{"message": "Unauthorized"}', "Unauthorized"),
        ('{"detail": ""}', "Bad Request"),
        ("[]", "Bad Request"),
        ("", "Bad Request"),
        ("<html>", "Bad Request"),
    ],
)
def test_the_sentence_is_found_wherever_it_stands(text: str, sentence: str) -> None:
    assert sentence in explain(400, text)


def test_an_answer_cannot_write_lines_of_its_own_into_the_log() -> None:
    sentence = explain(400, '{"detail": "no\\n::set-env name=PATH::/evil\\u001b[31m\\r"}')

    assert sentence == "refused with 400: no ::set-env name=PATH::/evil [31m"


def test_an_answer_that_talks_on_is_cut() -> None:
    assert len(explain(400, f'{{"detail": "{"x" * 5000}"}}')) < LONGEST_SENTENCE + 30


def test_an_id_cannot_write_lines_of_its_own_either() -> None:
    answer = httpx.Response(200)

    assert recorded_as(answer, '{"id": "a\\nb"}') == "a b"


@pytest.mark.parametrize("said", ["soon", "-5", "", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"])
def test_a_wish_that_makes_no_sense_is_no_wait(said: str) -> None:
    with pytest.raises(Unavailable) as later:
        recorded_as(httpx.Response(503, headers={"Retry-After": said}), "")

    assert later.value.retry_after == 0


def test_a_wish_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)

    with pytest.raises(Unavailable) as later:
        recorded_as(httpx.Response(503, headers={"Retry-After": date}), "")

    assert 30 < later.value.retry_after <= 41
