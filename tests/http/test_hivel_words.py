"""Hivel's statuses and times, by the number of its check in the contract."""

from datetime import UTC, datetime, timedelta

import pytest

from deploytrail.record.model import Status
from tests.http.endpoint import Endpoint, record, refuse, rejected


@pytest.mark.parametrize("status", ["done", "in_progress", "", "  ", "💥", "x" * 10_000])
def test_c117_an_unknown_status_is_unknown_and_never_refused(endpoint: Endpoint, status: str) -> None:
    stored = record(endpoint, status=status)

    assert stored.status is Status.UNKNOWN
    assert stored.reason is not None


@pytest.mark.parametrize("status", ["canceled", "cancelled", "Cancelled"])
def test_c118_and_c122_both_spellings_of_canceled_are_one(endpoint: Endpoint, status: str) -> None:
    assert record(endpoint, status=status).status is Status.ABORTED


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("success", Status.COMPLETED),
        ("failed", Status.FAILED),
        ("canceled", Status.ABORTED),
        ("unknown", Status.UNKNOWN),
    ],
)
def test_c119_hivels_own_words_pass_through(endpoint: Endpoint, status: str, verdict: Status) -> None:
    assert record(endpoint, status=status).status is verdict


PROVIDERS = {
    "c120_jenkins": ("SUCCESS", "FAILURE UNSTABLE", "ABORTED", "NOT_BUILT"),
    "c121_github_actions": ("success", "failure timed_out", "canceled", "neutral skipped stale action_required queued"),
    "c123_gitlab": ("success", "failed", "canceled", "manual skipped pending running"),
    "c124_circleci": ("success", "failed timedout infrastructure_fail", "canceled", "not_run on_hold queued running"),
    "c125_argo_workflows": ("Succeeded", "Failed Error", "", "Skipped Omitted Pending Running"),
    "c126_azure_devops": ("succeeded", "failed", "canceled", "partiallySucceeded succeededWithIssues"),
    "c127_argo_cd": (
        "Succeeded/Healthy",
        "Failed Error Degraded Succeeded/Degraded",
        "",
        "Running Progressing Missing Suspended Terminating Succeeded/Progressing",
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_providers_table_holds(endpoint: Endpoint, provider: str) -> None:
    verdicts = (Status.COMPLETED, Status.FAILED, Status.ABORTED, Status.UNKNOWN)

    for words, verdict in zip(PROVIDERS[provider], verdicts, strict=True):
        for word in words.split():
            assert record(endpoint, status=word).status is verdict, word


def test_c128_the_tables_are_one_and_ignore_case(endpoint: Endpoint) -> None:
    assert record(endpoint, status="sUcCeEdEd").status is Status.COMPLETED
    assert record(endpoint, status="UNSTABLE").status is Status.FAILED
    assert record(endpoint, status="unstable").status is Status.FAILED


def test_c129_hivels_words_are_read_with_hivels_table_and_kept_raw(endpoint: Endpoint) -> None:
    for word in ("skipped", "pending", "queued", "running"):
        stored = record(endpoint, status=word)
        assert stored.status is Status.UNKNOWN
        assert stored.tellings[0].raw_status == word
    assert record(endpoint, status="error").status is Status.FAILED


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2025-11-19T10:20:32Z", datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC)),
        ("2025-11-19T10:20:32.846Z", datetime(2025, 11, 19, 10, 20, 32, 846_000, tzinfo=UTC)),
        (1700385632, datetime(2023, 11, 19, 9, 20, 32, tzinfo=UTC)),
        (1700385632846, datetime(2023, 11, 19, 9, 20, 32, 846_000, tzinfo=UTC)),
        ("1700385632", datetime(2023, 11, 19, 9, 20, 32, tzinfo=UTC)),
        ("1700385632846", datetime(2023, 11, 19, 9, 20, 32, 846_000, tzinfo=UTC)),
        ("2025-11-19T10:20:32.846123+05:30", datetime(2025, 11, 19, 4, 50, 32, 846_123, tzinfo=UTC)),
        ("2025-11-19T10:20:32", datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC)),
    ],
)
def test_c130_c131_and_c134_times_come_in_all_common_formats(
    endpoint: Endpoint, written: object, instant: datetime
) -> None:
    assert record(endpoint, start_time=written, end_time=written).started_at == instant


def test_c132_start_and_end_may_differ_in_format_and_are_compared_as_instants(endpoint: Endpoint) -> None:
    stored = record(endpoint, start_time="2023-11-19T14:50:32+05:30", end_time=1700385633)

    assert stored.duration == timedelta(seconds=1)
    assert "after end" in refuse(endpoint, start_time="2023-11-19T09:20:33Z", end_time="1700385632846")


def test_c133_start_after_end_is_refused_in_the_documents_words(endpoint: Endpoint) -> None:
    counted = rejected("invalid-time")

    error = refuse(endpoint, start_time="2025-09-22T12:15:31Z", end_time="2025-09-22T12:15:30Z")

    assert error == "Start time cannot be after end time"
    assert rejected("invalid-time") == counted + 1


def test_c133_equal_times_are_a_deployment_of_no_duration(endpoint: Endpoint) -> None:
    stored = record(endpoint, start_time="2025-09-22T12:15:30Z", end_time="2025-09-22T12:15:30Z")

    assert stored.duration == timedelta(0)


@pytest.mark.parametrize("field", ["start_time", "end_time"])
@pytest.mark.parametrize("value", ["yesterday", "", -1, "-1", "NaN", 1e17, 10**17, "2025-02-30T00:00:00Z"])
def test_c134_what_is_no_time_is_refused(endpoint: Endpoint, field: str, value: object) -> None:
    assert refuse(endpoint, **{field: value}).startswith(f"{field} ")


def test_a_time_in_the_future_is_refused_by_the_name_the_sender_used(endpoint: Endpoint) -> None:
    assert refuse(endpoint, end_time="2036-01-01T00:00:00Z").startswith(
        "end_time 2036-01-01T00:00:00Z lies in the future"
    )


def test_c135_the_duration_is_shown_with_the_record(endpoint: Endpoint) -> None:
    stored = record(endpoint)

    shown = endpoint.get(f"/api/v1/deployments/{stored.id}").json()

    assert shown["duration"] == 930.0
    assert (shown["started_at"], shown["finished_at"]) == ("2025-09-22T12:00:00Z", "2025-09-22T12:15:30Z")
