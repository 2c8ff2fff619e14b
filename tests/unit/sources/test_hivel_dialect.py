from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from deploytrail.errors import REASONS, DeploytrailError, Rejected, Unavailable
from deploytrail.record.model import Repeat, Report, Source
from deploytrail.sources.http.dialect import HTTP_CODES, Head, Request, fingerprint
from deploytrail.sources.http.hivel import HIVEL, Event, parse
from tests.fakes import NOW, key

EVENT = {
    "deployment_id": "deploy-1",
    "event_type": "completed",
    "status": "success",
    "start_time": "2025-09-22T12:00:00Z",
    "end_time": "2025-09-22T12:15:30Z",
    "repo_url": "https://github.com/hivelai/webhook-logger.git",
    "environment": "production",
    "branch": "main",
}


def parsed(**changes: Any) -> Report:
    head = Head(method="POST", path=HIVEL.paths[0], query="", headers={})
    return parse(Request(head=head, key=key(), received_at=NOW, text="as it came", document=EVENT | changes))


def test_a_report_says_who_told_what_and_that_it_is_told_once() -> None:
    report = parsed()

    assert report.telling.source is Source.HIVEL
    assert report.telling.reporter == "ci"
    assert report.telling.body == "as it came"
    assert report.telling.received_at == NOW
    assert report.telling.at == report.finished_at
    assert report.repeat is Repeat.CONFLICT


def test_the_id_is_made_of_the_senders_id_and_the_instant_of_the_start() -> None:
    report = parsed()

    assert parsed(start_time="2025-09-22T14:00:00+02:00", branch="other").id == report.id
    assert parsed(start_time=1758542400).id == report.id
    assert parsed(start_time=1758542401).id != report.id
    assert parsed(deployment_id="deploy-2").id != report.id


def test_the_fingerprint_is_of_everything_told_but_the_timestamp() -> None:
    assert parsed(timestamp=5).telling.fingerprint == parsed().telling.fingerprint == fingerprint(EVENT)
    assert parsed(team="payments").telling.fingerprint != fingerprint(EVENT)


@pytest.mark.parametrize("name", ["model_config", "model_extra", "__class__", "copy", "self", "json"])
def test_an_unknown_field_may_have_any_name(name: str) -> None:
    assert parsed(**{name: "kept"}).facts.metadata[name] == "kept"


def test_of_a_long_list_of_wrong_items_only_the_first_is_an_error() -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(Event).validate_python(EVENT | {"pr_numbers": [{}] * 1000})

    assert refusal.value.error_count() == 1


@pytest.mark.parametrize("reason", REASONS)
def test_every_refusal_has_a_code_and_two_sentences(reason: Any) -> None:
    answer = HIVEL.refuse(Rejected("because", reason=reason, field="finished_at"))

    assert answer.code == HTTP_CODES[reason]
    assert answer.body.keys() == {"message", "error"}
    assert all(answer.body.values())


def test_unavailable_and_a_defect_are_told_apart() -> None:
    away, defect = HIVEL.refuse(Unavailable("later")), HIVEL.refuse(DeploytrailError("internals"))

    assert (away.code, away.body["error"]) == (503, "later")
    assert (defect.code, defect.body["error"]) == (500, "The event could not be stored")
