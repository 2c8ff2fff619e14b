"""Questions: which records answer them, and in what pages."""

from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.identity import quanta_series
from deploytrail.record.lifecycle import decide
from deploytrail.record.model import AnnotationType, ApplicationRef, Deployment, Report, Source, Status
from deploytrail.record.query import Query, answer, happened_at, matches, sort_key
from tests.reports import NOON, build, note, report

HOUR = timedelta(hours=1)


def record(told: Report | None = None) -> Deployment:
    return decide(None, told or report()).record


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        ({}, True),
        ({"product": "web"}, True),
        ({"product": "Web"}, False),
        ({"version": "1.2.3"}, True),
        ({"version": "1.2"}, False),
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
        ({"missed": False}, True),
        ({"missed": True}, False),
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


def test_a_record_answers_for_what_was_missed_before_it() -> None:
    made = record(report(missed_before=2))

    assert matches(Query(missed=True), made)
    assert not matches(Query(missed=False), made)


def test_a_deployment_happened_at_its_end_else_its_start_else_when_it_was_told() -> None:
    assert happened_at(record(report(started_at=NOON - HOUR, finished_at=NOON + HOUR))) == NOON + HOUR
    assert happened_at(record(report(started_at=NOON - HOUR))) == NOON - HOUR
    assert happened_at(record(report(started_at=None))) == NOON


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_join_to_the_whole(size: int, oldest_first: bool) -> None:
    everything = sorted(
        (record(report(f"d{n}", at=NOON + n // 2 * HOUR)) for n in range(5)), key=sort_key, reverse=not oldest_first
    )

    shown: list[Deployment] = []
    before = None
    while True:
        found = answer(Query(limit=size, before=before, oldest_first=oldest_first), reversed(everything))
        shown += found.items
        before = found.next
        if before is None:
            break

    assert shown == everything


def test_a_build_is_asked_for_by_what_a_build_has() -> None:
    made = decide(None, build(version="2.0.0")).record

    assert matches(Query(product="web", version="2.0.0"), made)
    assert not matches(Query(environment="production"), made)
    assert not matches(Query(counted=True), made)
    assert not matches(Query(application_uid="u"), made)


def test_a_note_is_asked_for_by_its_type() -> None:
    series = quanta_series(key="shop", kind="cron", content="", window=timedelta(0))
    made = decide(None, note(series, kind=AnnotationType.CRON)).record

    assert matches(Query(type=AnnotationType.CRON), made)
    assert not matches(Query(type=AnnotationType.COMMENT), made)


def test_an_answer_is_what_matches_newest_first() -> None:
    told = [record(report(f"d{n}", at=NOON + n * HOUR, product="web" if n % 2 else "cart")) for n in range(4)]

    assert answer(Query(product="web"), told).items == (told[3], told[1])
    assert answer(Query(product="web", oldest_first=True), told).items == (told[1], told[3])
