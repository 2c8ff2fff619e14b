"""One deployment told state by state over Versioner's API, by the number of its check in the contract."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from deploytrail.record.model import Status
from deploytrail.stores.memory import MemoryStore
from tests.fakes import NOW, Clock
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticking(clock: Clock) -> Iterator[Endpoint]:
    """An endpoint whose clock the test sets."""
    with Endpoint(clock=clock) as running:
        yield running


def ids(endpoint: Endpoint, body: dict[str, Any], *statuses: str, path: str = DEPLOYMENTS) -> list[str]:
    return [told(endpoint, path, body | {"status": status}).json()["id"] for status in statuses]


def test_c085_c086_and_c087_three_states_are_one_deployment_with_a_duration(ticking: Endpoint, clock: Clock) -> None:
    body, answered = deployment(), []

    for status in ("pending", "started", "success"):
        answered += ids(ticking, body, status)
        clock.pass_by(seconds=30)

    [stored] = ticking.deployments(body["product_name"])
    assert len(set(answered)) == 1
    assert [status for status, _ in stored.history] == [Status.PENDING, Status.STARTED, Status.COMPLETED]
    assert stored.status is Status.COMPLETED
    assert stored.duration == timedelta(seconds=30)


@pytest.mark.parametrize("run", [{"invoke_id": "run-1"}, {"build_number": "17"}, {"build_number": 17}])
def test_c085_and_c086_hold_for_runs_that_name_themselves(endpoint: Endpoint, run: dict[str, object]) -> None:
    body = deployment(**run)

    answered = ids(endpoint, body, "pending", "started", "success")

    assert len(set(answered)) == 1
    assert len(endpoint.deployments(body["product_name"])) == 1


def test_c087_the_senders_own_times_make_the_duration(endpoint: Endpoint) -> None:
    body = deployment()

    told(endpoint, DEPLOYMENTS, body | {"status": "started", "completed_at": "2026-11-21T10:00:00Z"})
    told(endpoint, DEPLOYMENTS, body | {"status": "success", "completed_at": "2026-11-21T10:02:05Z"})

    [shown] = endpoint.get("/api/v1/deployments", product=body["product_name"]).json()["items"]
    assert shown["duration"] == 125


def test_c088_an_end_without_a_beginning_has_no_duration(endpoint: Endpoint) -> None:
    body = deployment()

    told(endpoint, DEPLOYMENTS, body)

    [shown] = endpoint.get("/api/v1/deployments", product=body["product_name"]).json()["items"]
    assert (shown["status"], shown["started_at"], shown["duration"]) == ("completed", None, None)


@pytest.mark.parametrize("run", [{}, {"invoke_id": "run-1"}])
def test_c089_a_late_state_is_kept_and_moves_nothing_back(endpoint: Endpoint, run: dict[str, object]) -> None:
    body = deployment(completed_at="2026-11-21T11:00:00Z", **run)
    late = body | {"completed_at": "2026-11-21T10:58:00Z"}

    first = ids(endpoint, body, "success")
    after = ids(endpoint, late, "started", "pending")

    [stored] = endpoint.deployments(body["product_name"])
    assert {*first, *after} == set(first)
    assert stored.status is Status.COMPLETED
    assert {status for status, _ in stored.history} == {Status.PENDING, Status.STARTED, Status.COMPLETED}


def test_c089_pending_after_started_is_kept_and_moves_nothing_back(endpoint: Endpoint) -> None:
    body = deployment()

    ids(endpoint, body, "started", "pending")

    [stored] = endpoint.deployments(body["product_name"])
    assert stored.status is Status.STARTED
    assert len(stored.history) == 2


@pytest.mark.parametrize("run", [{}, {"invoke_id": "run-1"}])
def test_c090_an_identical_end_adds_nothing(endpoint: Endpoint, run: dict[str, object]) -> None:
    body = deployment(**run)

    answers = [told(endpoint, DEPLOYMENTS, body).text for _ in range(3)]

    [stored] = endpoint.deployments(body["product_name"])
    assert len(set(answers)) == 1
    assert len(stored.tellings) == 1


def test_c090_of_two_different_ends_the_newest_event_time_decides(endpoint: Endpoint) -> None:
    body = deployment(invoke_id="run-1")
    completed = body | {"status": "success", "completed_at": "2026-11-21T11:00:00Z"}
    failed = body | {"status": "failed", "completed_at": "2026-11-21T11:05:00Z"}
    reversed_body = body | {"product_name": f"{body['product_name']}-reversed"}

    told(endpoint, DEPLOYMENTS, completed)
    told(endpoint, DEPLOYMENTS, failed)
    told(endpoint, DEPLOYMENTS, failed | {"product_name": reversed_body["product_name"]})
    told(endpoint, DEPLOYMENTS, completed | {"product_name": reversed_body["product_name"]})

    for name in (body["product_name"], reversed_body["product_name"]):
        [stored] = endpoint.deployments(name)
        assert stored.status is Status.FAILED
        assert {status for status, _ in stored.history} == {Status.COMPLETED, Status.FAILED}


def test_c090_without_an_invoke_id_an_end_soon_after_another_is_of_the_same_deployment(
    ticking: Endpoint, clock: Clock
) -> None:
    body = deployment()

    first = ids(ticking, body, "failed")
    clock.pass_by(minutes=3)
    second = ids(ticking, body, "success")

    [stored] = ticking.deployments(body["product_name"])
    assert first == second
    assert stored.status is Status.COMPLETED
    assert [status for status, _ in stored.history] == [Status.FAILED, Status.COMPLETED]


def test_c091_ends_of_two_days_are_two_deployments_though_told_at_once(endpoint: Endpoint) -> None:
    body = deployment()
    days = ["2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z"]

    answered = [told(endpoint, DEPLOYMENTS, body | {"completed_at": day}).json() for day in [*days, *days]]

    assert [each["deployed_at"] for each in answered] == days * 2
    assert len(endpoint.deployments(body["product_name"])) == 2


def test_c091_another_invoke_id_is_another_deployment(endpoint: Endpoint) -> None:
    body = deployment()

    first = ids(endpoint, body | {"invoke_id": "1"}, "success")
    second = ids(endpoint, body | {"invoke_id": "2"}, "success")

    assert first != second
    assert len(endpoint.deployments(body["product_name"])) == 2


def test_c091_a_new_start_after_an_end_is_a_new_deployment(ticking: Endpoint, clock: Clock) -> None:
    body = deployment()
    first = ids(ticking, body, "success")
    clock.pass_by(minutes=2)

    second = ids(ticking, body, "started", "success")

    assert len(set(second)) == 1
    assert first[0] not in second


def test_c091_with_one_invoke_id_a_late_start_is_late(ticking: Endpoint, clock: Clock) -> None:
    body = deployment(invoke_id="run-1")
    first = ids(ticking, body, "success")
    clock.pass_by(days=1)

    assert ids(ticking, body, "started") == first
    assert ticking.deployments(body["product_name"])[0].status is Status.COMPLETED


@pytest.mark.parametrize("path", [DEPLOYMENTS, BUILDS])
def test_c091b_the_same_words_are_a_replay_at_first_and_news_later(ticking: Endpoint, clock: Clock, path: str) -> None:
    body = deployment() if path == DEPLOYMENTS else build()

    first = told(ticking, path, body).json()["id"]
    clock.pass_by(minutes=9)
    replayed = told(ticking, path, body).json()["id"]
    clock.pass_by(minutes=11)
    later = told(ticking, path, body).json()["id"]

    assert first == replayed != later


def test_c092_each_environment_has_deployments_of_its_own(endpoint: Endpoint) -> None:
    body = deployment()

    staging = ids(endpoint, body | {"environment_name": "staging"}, "success")
    production = ids(endpoint, body | {"environment_name": "production"}, "success")

    assert staging != production
    assert {d.environment for d in endpoint.deployments(body["product_name"])} == {"staging", "production"}


def test_the_replay_window_is_a_setting(clock: Clock) -> None:
    with Endpoint(MemoryStore(replay_window=timedelta(minutes=1)), clock=clock) as endpoint:
        body = deployment()
        first = ids(endpoint, body, "success")
        clock.pass_by(minutes=2)

        assert ids(endpoint, body, "success") != first


def test_a_start_told_by_a_fast_clock_does_not_cost_the_end(endpoint: Endpoint) -> None:
    body = build(status="completed", started_at=(NOW + timedelta(minutes=5)).isoformat())

    answer = told(endpoint, BUILDS, body).json()

    assert (answer["started_at"], answer["completed_at"]) == (None, "2026-11-21T12:00:00Z")
