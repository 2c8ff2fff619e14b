"""Figures out of counts, worked by hand; bands as the reports have them; days as the calendar has them."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.record.dora.bands import BANDS, band
from deploytrail.record.dora.figures import Metric, figures
from deploytrail.record.dora.histogram import ERROR, bucket, percentiles, seconds
from deploytrail.record.dora.question import Bucket, By, Question, Row, spans, start_of, starts, summed

HOUR, DAY = 3600.0, 86400.0


def test_the_five_of_a_month() -> None:
    counts = {"n": 20, "ok": 18, "f:failed": 2, "f:rolled-back": 1, "r:fix": 2, "r:rollback": 1, "x:aborted": 4}
    counts |= {f"c{bucket(3600)}": 3, f"c{bucket(7200)}": 2, f"b{bucket(60)}": 1, f"t{bucket(1800)}": 2}

    found = figures(counts, days=30)

    assert found.per_day == 0.6
    assert found.failures.ratio == 0.15
    assert found.rework.ratio == 0.15
    assert found.lead_time.median == pytest.approx(3600, rel=ERROR)
    assert (found.lead_time.deployments, found.recovery_time.deployments, found.unrecovered) == (6, 2, 1)
    assert found.uncounted == {"aborted": 4}


def test_of_nothing_there_is_no_figure() -> None:
    found = figures({}, days=0)

    assert (found.per_day, found.failures.ratio, found.rework.ratio) == (None, None, None)
    assert (found.lead_time.median, found.recovery_time.median) == (None, None)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40_000_000), min_size=1, max_size=50), st.sampled_from([50, 75, 90, 95]))
def test_a_percentile_is_as_near_as_it_is_said_to_be(times: list[int], percent: int) -> None:
    counts: dict[int, int] = {}
    for each in times:
        counts[bucket(each)] = counts.get(bucket(each), 0) + 1

    found = percentiles(counts, [percent])[percent]

    exact = sorted(times)[max(0, -(-percent * len(times) // 100) - 1)]
    assert found == pytest.approx(exact, rel=ERROR + 1e-9)


@given(st.floats(1.0, 1e9))
def test_a_bucket_stands_for_what_falls_into_it(time: float) -> None:
    assert seconds(bucket(time)) == pytest.approx(time, rel=ERROR + 1e-9)


@pytest.mark.parametrize(
    ("year", "metric", "value", "expected"),
    [
        (2024, Metric.DEPLOYMENT_FREQUENCY, 3.0, "elite"),
        (2024, Metric.DEPLOYMENT_FREQUENCY, 0.2, "high"),
        (2024, Metric.DEPLOYMENT_FREQUENCY, 0.05, "medium"),
        (2024, Metric.DEPLOYMENT_FREQUENCY, 0.01, "low"),
        (2024, Metric.LEAD_TIME, 3600.0, "elite"),
        (2024, Metric.LEAD_TIME, 40 * DAY, "low"),
        (2024, Metric.CHANGE_FAILURE_RATE, 0.04, "elite"),
        (2024, Metric.CHANGE_FAILURE_RATE, 0.08, "medium"),
        (2024, Metric.CHANGE_FAILURE_RATE, 0.15, "high"),
        (2024, Metric.CHANGE_FAILURE_RATE, 0.5, "low"),
        (2024, Metric.RECOVERY_TIME, 7200.0, "high"),
        (2023, Metric.CHANGE_FAILURE_RATE, 0.08, "high"),
        (2023, Metric.RECOVERY_TIME, 3 * DAY, "medium"),
        (2021, Metric.LEAD_TIME, 7200.0, "high"),
        (2021, Metric.CHANGE_FAILURE_RATE, 0.1, "elite"),
        (2024, Metric.REWORK_RATE, 0.1, None),
        (2024, Metric.LEAD_TIME, None, None),
    ],
)
def test_bands(year: int, metric: Metric, value: float | None, expected: str | None) -> None:
    assert band(year, metric, value) == expected


@given(st.lists(st.floats(2, 3e7), min_size=1, max_size=5), st.sampled_from(sorted(BANDS)))
def test_a_median_falls_into_the_band_of_the_time_that_it_stands_for(times: list[float], year: int) -> None:
    counts = Counter(map(bucket, times))
    exact = sorted(times)[(len(times) - 1) // 2]

    for metric in (Metric.LEAD_TIME, Metric.RECOVERY_TIME):
        limits = {each.limit for each in BANDS[year][metric]}
        assert exact in limits or band(year, metric, percentiles(counts, [50])[50]) == band(year, metric, exact)


@pytest.mark.parametrize("edge", [HOUR, DAY, 7 * DAY, 30 * DAY, 180 * DAY])
def test_no_bucket_holds_both_sides_of_what_a_band_ends_at(edge: float) -> None:
    assert bucket(edge * (1 - 1e-12)) == bucket(edge * 0.999) == bucket(edge) - 1
    assert seconds(bucket(edge) - 1) < edge < seconds(bucket(edge))


@pytest.mark.parametrize(
    ("year", "frequency", "lead"),
    [
        (2021, "less than once every six months", "more than six months"),
        (2023, "between once a week and once a month", "between a week and a month"),
        (2024, "between once a month and once every six months", "between a month and six months"),
    ],
)
def test_low_is_what_the_report_of_the_year_says(year: int, frequency: str, lead: str) -> None:
    table = BANDS[year]

    assert [table[each][-1].words for each in (Metric.DEPLOYMENT_FREQUENCY, Metric.LEAD_TIME)] == [frequency, lead]


def test_every_year_has_four_bands_of_every_metric_it_has() -> None:
    names = [[band.name for band in cells] for table in BANDS.values() for cells in table.values()]

    assert all(each == ["elite", "high", "medium", "low"] for each in names)


def ask(first: str, beyond: str, bucket: Bucket | None = None) -> Question:
    return Question(first=date.fromisoformat(first), beyond=date.fromisoformat(beyond), bucket=bucket)


@pytest.mark.parametrize(
    ("first", "beyond", "expected"),
    [
        ("2026-01-01", "2026-03-01", ["M 2026-01-01 2026-03-01"]),
        ("2026-01-31", "2026-03-02", ["M 2026-02-01 2026-03-01", "D 2026-01-31 2026-02-01", "D 2026-03-01 2026-03-02"]),
        (
            "2026-01-03",
            "2026-02-27",
            ["M 2026-01-01 2026-03-01", "-D 2026-01-01 2026-01-03", "-D 2026-02-27 2026-03-01"],
        ),
        ("2026-01-05", "2026-01-12", ["D 2026-01-05 2026-01-12"]),
        ("2026-01-20", "2026-02-10", ["D 2026-01-20 2026-02-10"]),
        (
            "2026-01-05",
            "2026-02-10",
            ["M 2026-01-01 2026-02-01", "-D 2026-01-01 2026-01-05", "D 2026-02-01 2026-02-10"],
        ),
        ("2026-01-05", "2026-01-05", []),
    ],
)
def test_whole_months_are_read_where_there_are_any(first: str, beyond: str, expected: list[str]) -> None:
    read = spans(ask(first, beyond))

    assert [f"{'-' * (each.sign < 0)}{'M' if each.monthly else 'D'} {each.first} {each.beyond}" for each in read] == (
        expected
    )


@settings(deadline=None)
@given(st.dates(date(2020, 1, 1), date(2027, 1, 1)), st.integers(1, 800), st.sampled_from([None, *Bucket]))
def test_every_day_is_read_once_and_falls_into_one_bucket(first: date, days: int, bucket: Bucket | None) -> None:
    question = Question(first=first, beyond=date.fromordinal(first.toordinal() + days), bucket=bucket)

    read = Counter[int]()
    for span in spans(question):
        read.update(dict.fromkeys(range(span.first.toordinal(), span.beyond.toordinal()), span.sign))
    stretches = list(starts(question))

    assert {day: times for day, times in read.items() if times} == dict.fromkeys(
        range(first.toordinal(), question.beyond.toordinal()), 1
    )
    for number in range(days):
        day = date.fromordinal(first.toordinal() + number)
        (begin,) = [begin for begin, end in stretches if begin <= day < end]
        assert start_of(day, question) == begin


def test_what_was_taken_away_to_nothing_is_not_there_but_for_those_who_were_asked_for() -> None:
    question = Question(first=date(2026, 1, 3), beyond=date(2026, 2, 1), by=By.PRODUCT)
    rows = [
        Row("web", "production", date(2026, 1, 1), {"n": 3, "f:failed": 1}),
        Row("web", "production", date(2026, 1, 2), {"n": 1, "f:failed": 1}, -1),
        *(
            row
            for name in ("api", "cron")
            for row in (
                Row(name, "production", date(2026, 1, 1), {"n": 1}),
                Row(name, "test", date(2026, 1, 1), {"n": 1}, -1),
            )
        ),
    ]

    assert summed(question, rows, ["api"]) == {("web", question.first): {"n": 2}, ("api", question.first): {}}
