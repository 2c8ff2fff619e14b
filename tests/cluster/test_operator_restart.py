"""The operator ends in the middle of everything, politely or not, and starts again: one record, the right verdict."""

from typing import Any

import pytest

from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.cluster.trail import Trail
from tests.operator_process import Operator
from tests.waiting import wait_until


class Plays:
    """Applications, each at another point of its sync when the operator ends."""

    def __init__(self, trail: Trail, operator: Operator, prefix: str) -> None:
        self._trail, self._operator, self._prefix = trail, operator, prefix
        self.running = self._application("running")
        self.rolling_out = self._application("rolling-out")
        self.settling = self._application("settling", settle="5s")
        self.vanishing = self._application("vanishing", deadline="2s")
        self.sleeping = self._application("sleeping")
        self.forgetful = self._application("forgetful")

    def before(self) -> None:
        """Up to where the operator ends; returns when it has recorded all of it."""
        for steps in (self.running, self.rolling_out, self.settling, self.vanishing):
            steps.begin(2)
        self.settling.succeed()
        self.rolling_out.succeed()
        self.rolling_out.become("Progressing")
        self.forgetful.deploy(2)
        wait_until(self._have_begun)
        self.ended("forgetful")
        wait_until(lambda: self.the_record("rolling-out")["finished_at"] is not None)
        wait_until(lambda: self.the_record("settling")["finished_at"] is not None)

    def meanwhile(self) -> None:
        """While nobody looks."""
        self.vanishing.delete()
        self.sleeping.deploy(2)
        self.sleeping.deploy(3)
        for version in (3, 4, 5, 6):
            self.forgetful.deploy(version)
        self.forgetful.forget(kept=2)

    def after(self) -> None:
        """What goes on; nothing at all happens to the one that only has to settle."""
        self.running.succeed()
        self.running.become("Progressing", "Healthy")
        self.rolling_out.become("Healthy")

    def records(self, name: str) -> list[dict[str, Any]]:
        return self._operator.deployments(product=f"{self._prefix}-{name}")

    def the_record(self, name: str) -> dict[str, Any]:
        (record,) = self.records(name)
        return record

    def ended(self, name: str) -> dict[str, Any]:
        """The one record, once it has a verdict."""

        def ended() -> dict[str, Any]:
            record = self.the_record(name)
            assert record["status"] != "started"
            return record

        return dict(wait_until(ended))

    def gaps(self, name: str) -> dict[int, list[tuple[str, ...]]]:
        """By the id in Argo CD's history: what its object says of deployments that are lost."""
        return {
            each["spec"]["application"]["historyId"]: [
                tuple(condition[said] for said in ("type", "status", "reason", "message"))
                for condition in each["status"]["conditions"]
                if condition["type"] == "Complete"
            ]
            for each in self._trail.records()
            if each["spec"]["product"] == f"{self._prefix}-{name}"
        }

    def _have_begun(self) -> None:
        for name in ("running", "rolling-out", "settling", "vanishing"):
            assert self.the_record(name)["status"] == "started"

    def _application(self, name: str, **tuning: str) -> Steps:
        setup = Setup(name=f"{self._prefix}-{name}", namespace=self._trail.argocd)
        wishes = {f"deploytrail.dev/{wish}": value for wish, value in tuning.items()}
        return Steps(self._trail.applications, setup, wishes)


@pytest.fixture(scope="module")
def operator(trail: Trail) -> Operator:
    Steps(trail.applications, Setup(name="old", namespace=trail.argocd))
    return trail.run()


@pytest.fixture(scope="module", params=["SIGTERM", "SIGKILL"])
def plays(request: pytest.FixtureRequest, trail: Trail, operator: Operator) -> Plays:
    plays = Plays(trail, operator, request.param.lower())
    plays.before()
    if request.param == "SIGTERM":
        assert operator.stop() == 0
    else:
        operator.kill()
    plays.meanwhile()
    trail.start(operator)
    plays.after()
    return plays


def test_a_sync_that_was_running_gets_its_verdict(plays: Plays) -> None:
    record = plays.ended("running")

    assert (record["status"], record["counted"], record["version"]) == ("completed", True, "2.0.0")


def test_a_sync_that_was_rolling_out_gets_its_verdict(plays: Plays) -> None:
    record = plays.ended("rolling-out")

    assert (record["status"], record["counted"], record["version"]) == ("completed", True, "2.0.0")


def test_a_sync_that_only_had_to_settle_gets_its_verdict_though_nothing_happens_any_more(plays: Plays) -> None:
    record = plays.ended("settling")

    assert (record["status"], record["counted"], record["version"]) == ("completed", True, "2.0.0")


def test_a_sync_whose_application_vanished_is_given_up_after_the_deadline(plays: Plays) -> None:
    record = plays.ended("vanishing")

    assert (record["status"], record["counted"]) == ("unknown", False)
    assert record["reason"] == "the application was not seen again"


def test_a_sync_that_began_and_ended_meanwhile_is_recovered_once(plays: Plays) -> None:
    def recovered() -> tuple[dict[str, Any], dict[str, Any]]:
        newest, older = plays.records("sleeping")
        assert newest["status"] == "completed"
        return newest, older

    newest, older = wait_until(recovered)

    assert (newest["version"], newest["counted"]) == ("3.0.0", True)
    assert (older["status"], older["counted"], older["reason"]) == (
        "unknown",
        False,
        "recovered from history: it succeeded, its health was never observed",
    )
    assert older["started_at"] <= older["finished_at"] <= newest["started_at"]
    assert [state["status"] for state in older["history"]] == ["unknown"]


def test_what_history_lost_meanwhile_is_told_on_the_next_object_and_as_a_metric(
    plays: Plays, operator: Operator
) -> None:
    message = "2 deployments right before this one were missed, and no history holds them any more."

    wait_until(
        lambda: plays.gaps("forgetful") == {1: [], 4: [("Complete", "False", "DeploymentsMissed", message)], 5: []}
    )

    assert "deploytrail_argocd_missed_operations_total 2.0" in operator.get("/metrics").text.splitlines()


def test_what_was_deployed_before_the_installation_is_no_record(plays: Plays, operator: Operator) -> None:
    plays.ended("running")

    assert operator.deployments(product="old") == []
