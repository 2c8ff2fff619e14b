"""The sum of all tiers says what happened, and nothing better than that."""

from tools.tiers import Result, counted, summary

REPORT = """<?xml version="1.0"?>
<testsuites><testsuite tests="7" failures="1" errors="2" skipped="1" time="3"/></testsuites>"""


def test_a_report_is_counted_and_an_error_is_a_failure() -> None:
    assert counted(REPORT) == (3, 3, 1)


def test_all_good_reads_like_pytest() -> None:
    results = [Result("unit", 0, 5, 0, 0, 1.5), Result("http", 0, 2, 0, 0, 2.0)]

    lines = summary(results).splitlines()

    assert lines[1].split() == ["unit", "5", "0", "0", "1.5"]
    assert lines[-1] == "==== 7 passed in 3.50s ===="


def test_failures_are_summed_and_named_by_tier() -> None:
    results = [Result("unit", 1, 5, 1, 0, 1.0), Result("http", 0, 2, 0, 0, 1.0)]

    lines = summary(results).splitlines()

    assert lines[1].endswith("pytest ended with 1")
    assert lines[-1] == "==== 7 passed, 1 failed in 2.00s ===="


def test_a_tier_that_ran_nothing_is_an_error() -> None:
    results = [Result("unit", 0, 5, 0, 0, 1.0), Result("golden", 5, 0, 0, 0, 1.0), Result("http", 4, 0, 0, 0, 1.0)]

    assert summary(results).endswith("==== 5 passed, 2 errors in 3.00s ====")
