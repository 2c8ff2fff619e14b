"""The player writes what Argo CD writes, in Argo CD's order."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.argocd.applications import Application, Missing
from tests.argocd.clock import PlayClock
from tests.argocd.controller import BREAKS, UNFINISHED, Player
from tests.argocd.fake import FakeApplications
from tests.argocd.scenarios import SCENARIOS, revision
from tests.argocd.shapes import Setup, commit

ONE, TWO, THREE = commit("1"), commit("2"), commit("3")

Stage = tuple[str | None, str | None, str, str, int]


@pytest.fixture
def clock() -> PlayClock:
    return PlayClock()


@pytest.fixture
def seen(clock: PlayClock) -> FakeApplications:
    return FakeApplications(clock)


@pytest.fixture
def player(seen: FakeApplications, clock: PlayClock) -> Player:
    player = Player(seen, Setup(), clock.pace())
    player.create(ONE, ["web:1"])
    return player


def stages(objects: list[Application], read: Callable[[Application], Any]) -> list[Any]:
    """What is read from each object, without repetitions in a row."""
    found: list[Any] = []
    for each in objects:
        if not found or found[-1] != read(each):
            found.append(read(each))
    return found


def stage(application: Application) -> Stage:
    """Who requests, the phase, sync, health, and the length of the history."""
    status = application["status"]
    requested = application.get("operation", {}).get("initiatedBy", {})
    who = "automated" if requested.get("automated") else requested.get("username")
    phase = status.get("operationState", {}).get("phase")
    return who, phase, status["sync"]["status"], status["health"].get("status"), len(status.get("history", []))


def state(application: Application) -> dict[str, Any]:
    return dict(application["status"].get("operationState", {}))


def test_an_automated_sync_is_requested_found_out_of_sync_run_remembered_ended_and_compared(
    player: Player, seen: FakeApplications
) -> None:
    player.sync(TWO)

    assert stages(seen.objects, stage) == [
        (None, "Succeeded", "Synced", "Healthy", 1),
        ("automated", None, "Synced", "Healthy", 1),
        ("automated", None, "OutOfSync", "Healthy", 1),
        ("automated", "Running", "OutOfSync", "Healthy", 1),
        ("automated", "Running", "OutOfSync", "Healthy", 2),
        (None, "Succeeded", "OutOfSync", "Healthy", 2),
        (None, "Succeeded", "Synced", "Healthy", 2),
        (None, "Succeeded", "Synced", "Progressing", 2),
        (None, "Succeeded", "Synced", "Healthy", 2),
    ]


def test_a_users_sync_comes_after_the_comparison(player: Player, seen: FakeApplications) -> None:
    player.sync(TWO, by="alice", health=UNFINISHED)

    assert stages(seen.objects, stage)[1:5] == [
        (None, "Succeeded", "OutOfSync", "Healthy", 1),
        ("alice", None, "OutOfSync", "Healthy", 1),
        ("alice", "Running", "OutOfSync", "Healthy", 1),
        ("alice", "Running", "OutOfSync", "Healthy", 2),
    ]


def test_a_failed_sync_leaves_no_history(player: Player, seen: FakeApplications) -> None:
    player.sync(TWO, by="alice", fails="no such kind")

    assert stages(seen.objects, stage)[-1] == (None, "Failed", "OutOfSync", "Healthy", 1)
    assert "no such kind" in state(seen.objects[-1])["message"]


def test_an_automated_sync_that_fails_leaves_the_condition_until_one_succeeds(
    player: Player, seen: FakeApplications
) -> None:
    player.sync(TWO, fails="no such kind")
    conditions = seen.objects[-1]["status"]["conditions"]

    player.sync(THREE)

    assert [condition["type"] for condition in conditions] == ["SyncError"]
    assert "conditions" not in seen.objects[-1]["status"]


def test_a_retried_sync_keeps_its_start_and_has_an_end_before_it_is_over(
    player: Player, seen: FakeApplications
) -> None:
    player.sync(TWO, retries=2)

    states = [state(each) for each in seen.objects if state(each).get("startedAt", "") > "2026-03-01"]
    assert len({each["startedAt"] for each in states}) == 1
    assert stages(states, lambda each: (each["phase"], "finishedAt" in each, each.get("retryCount"))) == [
        ("Running", False, None),
        ("Running", True, 1),
        ("Running", False, 1),
        ("Running", True, 2),
        ("Running", False, 2),
        ("Succeeded", True, 2),
    ]


def test_a_self_heal_shares_the_second_but_not_the_attempt_and_leaves_no_history(
    player: Player, seen: FakeApplications
) -> None:
    player.sync(TWO, heals=True)

    operations = stages(
        [each for each in seen.objects if state(each).get("startedAt", "") > "2026-03-01"],
        lambda each: (state(each)["startedAt"], state(each)["operation"]["sync"].get("autoHealAttemptsCount")),
    )
    assert [attempt for _, attempt in operations] == [None, 1]
    assert len({started_at for started_at, _ in operations}) == 1
    assert [entry["revision"] for entry in seen.objects[-1]["status"]["history"]] == [ONE, TWO]


def test_two_syncs_never_begin_in_the_same_second(seen: FakeApplications, clock: PlayClock) -> None:
    player = Player(seen, Setup(), clock.pace(speed=1e9))
    player.create(ONE)

    player.sync(TWO, health=UNFINISHED)
    player.sync(THREE)

    started = {state(each)["startedAt"] for each in seen.objects if state(each)}
    assert len(started) == 3


def test_health_moves_its_own_time_and_nothing_else_does(player: Player, seen: FakeApplications) -> None:
    player.sync(TWO, health=BREAKS)

    before, after = seen.objects[-2]["status"], seen.objects[-1]["status"]
    assert (before["health"]["status"], after["health"]["status"]) == ("Progressing", "Degraded")
    assert after["health"]["lastTransitionTime"] > before["health"]["lastTransitionTime"]
    assert after["reconciledAt"] == before["reconciledAt"]
    assert after["reconciledAt"] >= state(seen.objects[-1])["finishedAt"]


def test_during_a_rollout_old_and_new_images_are_listed(player: Player, seen: FakeApplications) -> None:
    player.sync(TWO, images=["web:2"])

    assert stages(seen.objects, lambda each: each["status"]["summary"]["images"]) == [
        ["web:1"],
        ["web:2", "web:1"],
        ["web:2"],
    ]


def test_a_rollback_ends_out_of_sync_with_the_head_of_the_branch(player: Player, seen: FakeApplications) -> None:
    player.sync(TWO)

    player.rollback(ONE, by="alice")

    last = seen.objects[-1]["status"]
    assert (last["sync"]["status"], last["sync"]["revision"]) == ("OutOfSync", TWO)
    assert last["operationState"]["syncResult"]["revision"] == ONE
    assert [entry["revision"] for entry in last["history"]] == [ONE, TWO, ONE]


def test_a_dry_run_ends_without_history_and_without_a_comparison(player: Player, seen: FakeApplications) -> None:
    player.dry_run(TWO, by="alice")

    last = seen.objects[-1]["status"]
    assert last["operationState"]["operation"]["sync"]["dryRun"] is True
    assert len(last["history"]) == 1
    assert last["reconciledAt"] < last["operationState"]["finishedAt"]


def test_the_history_keeps_ten(player: Player, seen: FakeApplications) -> None:
    for version in range(11):
        player.sync(commit(f"version {version}"), health=UNFINISHED)

    assert [entry["id"] for entry in seen.objects[-1]["status"]["history"]] == list(range(2, 12))


def test_the_first_request_to_a_new_application_brings_empty_words(seen: FakeApplications, clock: PlayClock) -> None:
    player = Player(seen, Setup(), clock.pace())
    player.create()

    player.sync(ONE)

    assert "status" not in seen.objects[0]
    assert seen.objects[1]["status"]["sync"] == {"status": ""}
    assert seen.objects[1]["status"]["health"] == {}


def test_an_application_with_the_finalizer_is_missing_before_it_is_gone(
    seen: FakeApplications, clock: PlayClock
) -> None:
    player = Player(seen, Setup(), clock.pace())
    player.create(ONE, cascade=True)

    player.delete()

    assert [(event["type"], event["object"]["status"]["health"]["status"]) for event in seen.events[1:]] == [
        ("MODIFIED", "Healthy"),
        ("MODIFIED", "Progressing"),
        ("MODIFIED", "Missing"),
        ("DELETED", "Missing"),
    ]
    with pytest.raises(Missing):
        seen.get("web")


def test_waits_shrink_with_speed(seen: FakeApplications, clock: PlayClock) -> None:
    player = Player(seen, Setup(), clock.pace(speed=4))
    player.create(ONE)

    player.sync(TWO, health=[("Progressing", 1), ("Healthy", 8)])

    assert clock.slept[-3:] == [0.125, 0.25, 2]


ENDS = {
    "healthy_rollout": (None, "Succeeded", "Synced", "Healthy", 2),
    "failed_sync": (None, "Failed", "OutOfSync", "Healthy", 1),
    "degraded_rollout": (None, "Succeeded", "Synced", "Degraded", 2),
    "superseded": (None, "Succeeded", "Synced", "Healthy", 3),
    "dry_run": (None, "Succeeded", "OutOfSync", "Healthy", 1),
    "self_heal_after_sync": (None, "Succeeded", "Synced", "Healthy", 2),
    "rollback": (None, "Succeeded", "OutOfSync", "Healthy", 3),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_ends_as_it_says(name: str, seen: FakeApplications, clock: PlayClock) -> None:
    SCENARIOS[name](seen, Setup(), clock.pace())

    assert stage(seen.objects[-1]) == ENDS[name]
    assert seen.objects[0]["status"]["history"][0]["revision"] == revision(Setup(), 1)
