"""Three clients report without end: pods go, versions and values change, and nothing that was promised is lost."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.node.conftest import Say
from tests.node.installation import Installation, is_ready
from tests.node.kind import Kind
from tests.node.node import Node
from tests.node.pods import ANY_USER
from tests.node.postgresql import Postgresql
from tests.node.stores import STORES, provide
from tests.node.traffic import Traffic, failures, longest_pause, not_once
from tests.waiting import wait_until

API_AWAY_SECONDS = 30.0
"""Longer than every client's pause between two tries, and than kubelet's between two looks at a pod."""

UNDER_WAY_SECONDS = 1.0
"""An answer that was given before the API server went may reach its client after."""

PODS = {
    "kubernetes": ("replicas=2",),
    "postgresql": ("replicas=2",),
    "sqlite": (f'podSecurityContext={{"runAsUser":{ANY_USER},"runAsGroup":0,"fsGroup":{ANY_USER}}}',),
}
"""How an installation with each store runs. A file has one pod, and none while that is replaced; here it runs as on
OpenShift, in root's group, and the volume is given to a group that only the pod has."""

SOUND = {"kinds", "rights", "store", "last event", "keys", "endpoint"}
"""What the doctor finds well wherever there is a key and something was recorded."""

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


def take_database_away(installation: Installation) -> None:
    """Until every pod has noticed, and it is back."""
    database = Postgresql(installation)
    database.take_away()
    wait_until(lambda: not any(is_ready(pod) for pod in installation.pods()), patience=90)
    database.bring_back()
    installation.await_settled()


@pytest.mark.parametrize("store", STORES)
def test_every_report_is_there_once_after_all_that_happens_to_the_pods(
    store: str, make: Make, node: Node | Kind, say: Say
) -> None:
    installation = make(f"on-{store}")
    values = (*provide(store, installation), *PODS[store])
    installation.install(*values)
    key = installation.create_key("ci", "ingest", "read")
    traffic = Traffic(installation, key)
    traffic.start()

    def notice(when: str) -> None:
        """Clients had to try again only where there is one pod."""
        traffic.await_taken()
        found = failures(traffic.taken())
        assert found == [] or store == "sqlite", f"{when}: {found}"

    installation.install(*values, 'logLevel="debug"', "limits.connections=500")
    notice("during an upgrade")
    delete_each_pod(installation)
    notice("while pods were deleted")
    installation.roll_back()
    notice("during a rollback")
    if store != "sqlite":
        for replicas in (1, 3, 1):
            installation.scale(replicas)
        notice("while it was scaled")
    pods = installation.pods()
    with node.api_away():
        began = time.time()
        time.sleep(API_AWAY_SECONDS)
        ended = time.time()
    installation.await_settled()
    traffic.await_taken()
    met = failures(traffic.taken(), since=began)
    settled = time.time()
    if store == "postgresql":
        take_database_away(installation)
        traffic.await_taken()
        assert failures(traffic.taken(), since=settled) != [], "nobody noticed that the database was away"
    found = installation.examined()
    user = installation.run_inside(pods[0]["metadata"]["name"], "import os; print(os.getuid())")
    taken = traffic.stop()

    meanwhile = [each for each in taken if began + UNDER_WAY_SECONDS < each.at < ended]
    if store == "kubernetes":
        assert meanwhile == [], "nothing can have been recorded without the API server"
    else:
        assert longest_pause(meanwhile, began, ended) < API_AWAY_SECONDS / 2, "records in a database do without it"
    assert any("API server" in each for each in met) == (store == "kubernetes"), met
    assert alive(installation) == {pod["metadata"]["name"]: 0 for pod in pods}, "alive all the while"
    assert int(user) == (ANY_USER if store == "sqlite" else 65532)
    assert {check: levels for check, levels in found.items() if check in SOUND} == {check: ["ok"] for check in SOUND}
    say(f"{store}: {len(taken)} reports taken, {len(failures(taken))} answers of others were 503 or none")
    if store != "kubernetes":
        say(f"{store}: while the API server was away, clients met {met or 'nothing'}")
    assert not_once(taken, [each["product"] for each in installation.asked(key)]) == {}


def alive(installation: Installation) -> dict[str, int]:
    """How often each pod's container was started again."""
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in installation.pods()
    }
