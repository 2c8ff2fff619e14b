"""The endpoint in a cluster: keys that come and go, posts that are objects by the time they are answered."""

from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.cluster.trail import Trail
from tests.http.endpoint import event
from tests.operator_process import DEPLOYMENTS, Operator, deploytrail
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def replicas(trail: Trail) -> tuple[Operator, Operator]:
    both = trail.replica(), trail.replica()
    trail.start(*both)
    return both


@pytest.fixture(scope="module")
def operator(replicas: tuple[Operator, Operator]) -> Operator:
    return replicas[0]


def keys(trail: Trail, *command: str) -> CompletedProcess[str]:
    """``deploytrail keys ...`` as the cluster's administrator runs it."""
    where = [f"--kubeconfig={trail.cluster.kubeconfig}", f"--namespace={trail.namespace}"]
    done = deploytrail("keys", *command, *where)
    assert done.returncode == 0, done.stderr
    return done


def stored(trail: Trail, product: str) -> list[dict[str, Any]]:
    """The objects as they are at this moment."""
    return [each for each in trail.records() if each["spec"]["product"] == product]


def test_a_key_works_as_soon_as_it_is_created_and_not_once_it_is_revoked(trail: Trail, operator: Operator) -> None:
    made = keys(trail, "create", "jenkins", "--scope=ingest")
    key = made.stdout.strip()
    trail.guard(key)

    wait_until(lambda: operator.post(event(), key=key).raise_for_status())
    reading = operator.get(DEPLOYMENTS, key=key)
    listed = keys(trail, "list").stdout
    revoked = keys(trail, "revoke", "jenkins")

    wait_until(lambda: operator.post(event(), key=key).status_code == 401)
    assert made.stdout == f"{key}\n"
    assert "jenkins" in made.stderr
    assert key not in made.stderr
    assert reading.status_code == 401
    assert "jenkins" in listed
    assert key not in listed
    assert "Revoked the key jenkins" in revoked.stderr


def test_a_wrong_key_is_refused_and_nothing_is_stored(trail: Trail, operator: Operator) -> None:
    told, wrong = event(repo_url="https://github.com/acme/intruder"), "dtk_0a1b2c3d_wrong"
    trail.guard(wrong)

    refused = operator.post(told, key=wrong)

    assert refused.status_code == 401
    assert refused.json() == {"message": "Unauthorized", "error": "Invalid API token"}
    assert stored(trail, "acme/intruder") == []


def test_what_was_answered_with_200_is_an_object_already(trail: Trail, operator: Operator) -> None:
    answer = operator.post(event(deployment_id="checkout-7", repo_url="https://github.com/acme/checkout"))

    (record,) = stored(trail, "acme/checkout")
    assert answer.status_code == 200
    assert answer.json()["deployment_id"] == "checkout-7"
    assert record["metadata"]["name"].startswith("checkout-7-")
    assert (record["spec"]["environment"], record["spec"]["status"]) == ("production", "completed")
    assert record["spec"]["reports"][0]["reporter"] == "ci"
    assert [item["id"] for item in operator.deployments(product="acme/checkout")] == [record["metadata"]["name"]]


def test_kubectl_shows_what_was_posted(trail: Trail, operator: Operator) -> None:
    operator.post(event(repo_url="https://github.com/acme/visible")).raise_for_status()

    table = trail.cluster.kubectl("get", "dep", "-n", trail.namespace)

    header, *rows = table.splitlines()
    (row,) = (row.split() for row in rows if "acme/visible" in row)
    assert header.split() == ["NAME", "PRODUCT", "VERSION", "ENVIRONMENT", "STATUS", "AGE"]
    assert row[1:5] == ["acme/visible", "v1.2.3", "production", "completed"]


def test_the_same_post_again_changes_nothing(trail: Trail, operator: Operator) -> None:
    told = event(repo_url="https://github.com/acme/again")
    operator.post(told).raise_for_status()
    (before,) = stored(trail, "acme/again")

    again = operator.post(told)

    (after,) = stored(trail, "acme/again")
    assert again.status_code == 200
    assert (after["spec"], after["metadata"]["generation"]) == (before["spec"], before["metadata"]["generation"])


def test_a_post_that_contradicts_what_is_recorded_changes_nothing(trail: Trail, operator: Operator) -> None:
    told = event(repo_url="https://github.com/acme/contradicted")
    operator.post(told).raise_for_status()
    (before,) = stored(trail, "acme/contradicted")

    refused = operator.post(told | {"status": "failure"})

    (after,) = stored(trail, "acme/contradicted")
    assert refused.status_code == 409
    assert refused.json() == {"message": "Validation failed", "error": "deployment_id must be unique"}
    assert (after["spec"], after["metadata"]["generation"]) == (before["spec"], before["metadata"]["generation"])


def test_the_same_post_to_two_replicas_at_once_is_one_record(trail: Trail, replicas: tuple[Operator, Operator]) -> None:
    told = [event(deployment_id=f"race-{number}", repo_url="https://github.com/acme/race") for number in range(10)]
    posts = [(replica, body) for body in told for replica in replicas]

    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda post: post[0].post(post[1]), posts))

    assert [answer.status_code for answer in answers] == [200] * len(posts)
    assert len(stored(trail, "acme/race")) == len(told)
    wait_until(lambda: {len(replica.deployments(product="acme/race")) for replica in replicas} == {len(told)})
    lines = [line for replica in replicas for line in replica.log() if line["event"] == "deployment_recorded"]
    assert sum(line["created"] for line in lines if line["product"] == "acme/race") == len(told)


def test_a_post_to_one_replica_contradicts_what_the_other_recorded(replicas: tuple[Operator, Operator]) -> None:
    one, other = replicas
    told = event(repo_url="https://github.com/acme/both")
    one.post(told).raise_for_status()

    assert other.post(told | {"status": "failure"}).status_code == 409
