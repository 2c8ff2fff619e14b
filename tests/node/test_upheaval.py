"""Three clients report without end: pods go, versions and values change, and nothing that was promised is lost."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.node.conftest import Say
from tests.node.installation import Installation, is_ready
from tests.node.kind import Kind
from tests.node.node import Node
from tests.node.postgresql import Postgresql
from tests.node.traffic import Traffic, failures, not_once
from tests.waiting import wait_until

API_AWAY_SECONDS = 15.0
"""Longer than every client's pause between two tries."""

Make = Callable[..., Installation]


@pytest.fixture
def make(node: Node | Kind) -> Iterator[Make]:
    """Makes an installation in a namespace of its own; afterwards it is gone."""
    made: list[Installation] = []

    def make(name: str) -> Installation:
        made.append(Installation(node, name))
        made[-1].create_namespace()
        return made[-1]

    yield make
    for installation in made:
        installation.remove()


def delete_each_pod(installation: Installation) -> None:
    """One after the other, as ``kubectl delete pod`` does it."""
    for pod in installation.pods():
        installation.kubectl("delete", f"pod/{pod['metadata']['name']}")
        installation.await_settled()


def recorded(installation: Installation) -> list[str]:
    return [each["spec"]["product"] for each in installation.records()]


def test_two_replicas_take_every_report_through_all_that_happens_to_them(
    make: Make, node: Node | Kind, say: Say
) -> None:
    installation = make("upheaval")
    installation.install("replicas=2")
    traffic = Traffic(installation, installation.create_key("ci", "ingest"))
    traffic.start()

    installation.install("replicas=2", 'logLevel="debug"', "limits.connections=500")
    assert failures(traffic.taken()) == [], "during an upgrade"
    delete_each_pod(installation)
    assert failures(traffic.taken()) == [], "while pods were deleted"
    installation.roll_back()
    assert failures(traffic.taken()) == [], "during a rollback"
    for replicas in (1, 3, 1):
        installation.scale(replicas)
    traffic.await_taken()
    assert failures(traffic.taken()) == [], "while it was scaled"
    with node.api_away():
        time.sleep(API_AWAY_SECONDS)
    traffic.await_taken()
    taken = traffic.stop()

    assert failures(taken) != [], "nobody noticed that the API server was away"
    say(f"kubernetes: {len(taken)} reports taken, {len(failures(taken))} answers of others were 503 or none")
    assert not_once(taken, recorded(installation)) == {}


def test_replicas_on_postgresql_wait_for_it_and_lose_nothing(make: Make, say: Say) -> None:
    installation = make("on-postgresql")
    database = Postgresql(installation)
    database.start()
    installation.install("replicas=2", *database.values)
    key = installation.create_key("ci", "ingest", "read")
    traffic = Traffic(installation, key)
    traffic.start()

    installation.install("replicas=2", *database.values, 'logLevel="debug"')
    delete_each_pod(installation)
    assert failures(traffic.taken()) == [], "during an upgrade, or while pods were deleted"
    before = {pod["metadata"]["name"] for pod in installation.pods()}
    database.take_away()
    wait_until(lambda: not any(is_ready(pod) for pod in installation.pods()), patience=90)
    database.bring_back()
    installation.await_settled()
    traffic.await_taken()
    taken = traffic.stop()

    pods = installation.pods()
    assert {pod["metadata"]["name"] for pod in pods} == before
    assert [pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods] == [0, 0], "alive all the while"
    assert failures(taken) != [], "nobody noticed that the database was away"
    say(f"postgresql: {len(taken)} reports taken, {len(failures(taken))} answers of others were 503 or none")
    assert not_once(taken, [each["product"] for each in installation.asked(key)]) == {}


def test_a_file_on_a_volume_outlives_its_pods(make: Make, say: Say) -> None:
    installation = make("on-sqlite")
    installation.install('store.type="sqlite"')
    key = installation.create_key("ci", "ingest", "read")
    traffic = Traffic(installation, key)
    traffic.start()

    delete_each_pod(installation)
    installation.install('store.type="sqlite"', 'logLevel="debug"')
    traffic.await_taken()
    taken = traffic.stop()

    say(f"sqlite: {len(taken)} reports taken, {len(failures(taken))} answers of others were 503 or none")
    assert not_once(taken, [each["product"] for each in installation.asked(key)]) == {}
