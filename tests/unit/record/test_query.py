"""Questions: which records answer them, and in what pages."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.lifecycle import decide
from deploytrail.record.model import ApplicationRef, Deployment, Report, Source, Status
from deploytrail.record.query import Query, happened_at, matches, page, sort_key
from tests.reports import NOON, report

HOUR = timedelta(hours=1)


def record(told: Report | None = None) -> Deployment:
    return decide(None, told or report()).record


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        ({}, True),
        ({"product": "web"}, True),
        ({"product": "Web"}, False),
        ({"environment": "production"}, True),
        ({"environment": "staging"}, False),
        ({"status": Status.COMPLETED}, True),
        ({"status": Status.FAILED}, False),
        ({"source": Source.HIVEL}, True),
        ({"source": Source.ARGOCD}, False),
        ({"counted": True}, True),
        ({"counted": False}, False),
        ({"open": False}, True),
        ({"open": True}, False),
        ({"application_uid": "u"}, False),
        ({"since": NOON}, True),
        ({"since": NOON + HOUR}, False),
        ({"until": NOON}, False),
        ({"until": NOON + HOUR}, True),
        ({"product": "web", "environment": "staging"}, False),
    ],
)
def test_a_question_is_answered_by_the_records_that_fit_all_of_it(question: dict[str, Any], answered: bool) -> None:
    assert matches(Query(**question), record(report(finished_at=NOON))) is answered


def test_an_application_answers_for_its_own_records() -> None:
    made = record(report(application=ApplicationRef(namespace="argocd", name="web", uid="u")))

    assert matches(Query(application_uid="u"), made)
    assert not matches(Query(application_uid="other"), made)


def test_a_deployment_happened_at_its_end_else_its_start_else_when_it_was_told() -> None:
    assert happened_at(record(report(started_at=NOON - HOUR, finished_at=NOON + HOUR))) == NOON + HOUR
    assert happened_at(record(report(started_at=NOON - HOUR))) == NOON - HOUR
    assert happened_at(record(report(started_at=None))) == NOON


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_join_to_the_whole(size: int) -> None:
    everything = sorted(
        (record(report(f"d{n}", at=NOON + n // 2 * HOUR)) for n in range(5)), key=sort_key, reverse=True
    )

    shown: list[Deployment] = []
    before = None
    while True:
        found = page(Query(limit=size, before=before), everything)
        shown += found.items
        before = found.next
        if before is None:
            break

    assert shown == everything
