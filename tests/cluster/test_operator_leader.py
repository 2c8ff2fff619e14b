"""Two replicas, one of which does what must be done once: it ends, it freezes, it removes what need not be kept."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.trail import Trail
from tests.controlplane.cluster import Cluster
from tests.http.endpoint import event
from tests.operator_process import Operator
from tests.waiting import wait_until

LEASE = "lease/deploytrail-leader"


@pytest.fixture
def own(crds: Cluster, argocd: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """An installation for one test: what it removes would disturb others."""
    with Trail(crds, tmp_path_factory.mktemp("leader")) as trail:
        yield trail
        assert trail.end() == []


def metric(operator: Operator, name: str) -> float:
    (value,) = re.findall(rf"^{re.escape(name)} (\S+)$", operator.get("/metrics").text, re.MULTILINE)
    return float(value)


def leads(operator: Operator) -> bool:
    return metric(operator, "deploytrail_leading") == 1


def holder(trail: Trail) -> str:
    return str(trail.cluster.get(LEASE, "-n", trail.namespace)["spec"].get("holderIdentity", ""))


def two(trail: Trail) -> tuple[Operator, Operator]:
    """Two replicas, the leading one first."""
    one, other = trail.run(), trail.run()
    wait_until(lambda: leads(one) or leads(other))
    return (one, other) if leads(one) else (other, one)


def test_one_of_two_replicas_leads_and_hands_over_when_it_is_stopped(own: Trail) -> None:
    first, second = two(own)
    before = holder(own)
    assert not leads(second)

    assert first.stop() == 0

    assert holder(own) != before
    wait_until(lambda: leads(second))


def test_a_leader_that_is_killed_is_followed(own: Trail) -> None:
    first, second = two(own)
    before = holder(own)

    first.kill()

    wait_until(lambda: leads(second))
    assert holder(own) != before
    own.start(first)
    assert not leads(first)


def test_a_leader_that_froze_leads_no_more_when_it_wakes(own: Trail) -> None:
    first, second = two(own)

    first.freeze()
    wait_until(lambda: leads(second))
    first.thaw()

    wait_until(lambda: not leads(first))
    assert leads(second)
    assert [line["event"] for line in first.log()].count("lease_lost") == 1


def test_a_replica_without_the_right_to_lead_records_all_the_same(own: Trail) -> None:
    role = f"role/{own.namespace}"
    rules = own.cluster.get(role, "-n", own.namespace)["rules"]
    kept = [rule for rule in rules if rule["apiGroups"] != ["coordination.k8s.io"]]
    own.cluster.kubectl("patch", role, "-n", own.namespace, "--type=merge", "--patch", json.dumps({"rules": kept}))

    operator = own.run()

    assert operator.post(event()).is_success
    wait_until(lambda: "lease_unreachable" in [line["event"] for line in operator.log()])
    assert not leads(operator)


def test_the_leader_removes_what_need_not_be_kept_and_says_so(own: Trail) -> None:
    operator, product = own.run(), "acme/retained"  # others have applied theirs, and every installation shows them
    for _ in range(6):
        assert operator.post(event(repo_url=f"https://github.com/{product}")).is_success
    oldest = operator.deployments(product=product)[-1]["id"]
    own.cluster.kubectl("annotate", "dep", oldest, "-n", own.namespace, "deploytrail.dev/keep=true")
    assert operator.stop() == 0
    replicas = [own.replica(DEPLOYTRAIL_RETENTION_COUNT="2") for _ in range(2)]

    own.start(*replicas)

    def left() -> list[dict[str, Any]]:
        shown = [replica.deployments(product=product) for replica in replicas]
        assert len(shown[0]) == len(shown[1]) == len(own.records()) == 3
        return shown[0]

    assert wait_until(left)[-1]["id"] == oldest
    removed = [line for replica in replicas for line in replica.log() if line["event"] == "records_removed"]
    assert [(line["kind"], line["why"], line["number"]) for line in removed] == [("deployment", "count", 3)]
    (leader,) = filter(leads, replicas)
    assert metric(leader, 'deploytrail_retention_records_removed_total{kind="deployment",why="count"}') == 3
