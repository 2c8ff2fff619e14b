"""Who may do what with BuildEvents, Annotations and Versions once the chart is installed."""

from pathlib import Path

import pytest

from tests.cluster.charted import Install, allowed, as_its_account
from tests.controlplane.cluster import Cluster
from tests.controlplane.server import ControlPlane

KEPT = ("versions.deploytrail.dev",)
"""For ever: retention removes all others."""
WRITTEN_BY_US = ("annotations.deploytrail.dev", "versions.deploytrail.dev")


@pytest.fixture
def account(fresh: ControlPlane, install: Install, tmp_path: Path) -> tuple[Cluster, str]:
    namespace = install()
    return as_its_account(fresh, namespace, tmp_path), namespace


def test_its_account_keeps_builds_as_it_keeps_deployments(account: tuple[Cluster, str]) -> None:
    us, home = account

    for verb in ("create", "update"):
        assert allowed(us, verb, "buildevents.deploytrail.dev", home)
        assert not allowed(us, verb, "buildevents.deploytrail.dev", "elsewhere")
    for verb in ("get", "list", "watch"):
        assert allowed(us, verb, "buildevents.deploytrail.dev")
    assert allowed(us, "patch", "buildevents/status.deploytrail.dev", "elsewhere")
    assert allowed(us, "delete", "buildevents.deploytrail.dev", home)  # by retention
    assert not allowed(us, "delete", "buildevents.deploytrail.dev", "elsewhere")


@pytest.mark.parametrize("kind", WRITTEN_BY_US)
def test_its_account_keeps_what_it_alone_writes_at_home(account: tuple[Cluster, str], kind: str) -> None:
    us, home = account

    for verb in ("get", "list", "watch", "create", "update"):
        assert allowed(us, verb, kind, home)
        assert not allowed(us, verb, kind, "elsewhere")
    assert allowed(us, "delete", kind, home) is (kind not in KEPT)
    assert not allowed(us, "delete", kind, "elsewhere")


def test_people_may_report_builds_and_see_what_deploytrail_writes(fresh: ControlPlane, install: Install) -> None:
    install()

    roles = {name: fresh.get(f"clusterrole/trail-deploytrail-{name}")["rules"] for name in ("view", "edit")}

    seen = {resource for rule in roles["view"] for resource in rule["resources"]}
    written = {resource for rule in roles["edit"] for resource in rule["resources"]}
    assert seen == {"deploymentevents", "buildevents", "annotations", "versions"}
    assert written == {"deploymentevents", "buildevents"}
