"""The chart, installed with Helm: what it makes, what stays when it goes, and that its notes can be followed.

No pods run here: what a node would do with them is not shown by these tests.
"""

import itertools
import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploytrail import __version__
from tests import docs
from tests.cluster.charted import CHART, CRD, NAME, Install, container, deployment, pod, upgrade
from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.server import ControlPlane
from tests.operator_process import Release
from tests.waiting import wait_until


def test_it_installs_as_it_is(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    assert deployment(fresh, namespace)["spec"]["replicas"] == 1
    assert container(fresh, namespace)["image"] == f"deploytrail/deploytrail:{__version__}"
    assert fresh.get("service/trail-deploytrail", "-n", namespace)["spec"]["ports"][0]["port"] == 80
    assert fresh.get("pdb,networkpolicy", "-n", namespace)["items"] == []
    assert fresh.get(CRD)["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_chart_is_made_for_this_version() -> None:
    chart = yaml.safe_load((Path(CHART) / "Chart.yaml").read_text())

    assert chart["appVersion"] == __version__


def test_its_pods_meet_the_restricted_standard(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    fresh.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    spec = pod(fresh, namespace)
    loose = {key: value for key, value in spec.items() if key != "securityContext"}

    answer = create_pod(fresh, namespace, spec)

    assert "created" in answer
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        create_pod(fresh, namespace, loose)


def create_pod(cluster: Cluster, namespace: str, spec: dict[str, Any]) -> str:
    """Ask the API server whether it would take such a pod."""
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": spec}
    return cluster.kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", input=json.dumps(body))


def test_its_container_cannot_write_and_is_probed(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    only = container(fresh, namespace)
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod(fresh, namespace)["securityContext"]["runAsUser"] == 65532
    assert pod(fresh, namespace)["terminationGracePeriodSeconds"] == 30
    assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert only["ports"] == [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]


def test_uninstalling_keeps_the_kind_and_every_record(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    event = {
        "apiVersion": "deploytrail.dev/v1alpha1",
        "kind": "DeploymentEvent",
        "metadata": {"name": "web-1"},
        "spec": {"product": "web", "environment": "production", "status": "completed"},
    }
    fresh.kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps(event))

    fresh.helm("uninstall", "trail", "-n", namespace)

    assert fresh.get("deploymentevents.deploytrail.dev/web-1", "-n", namespace)["spec"]["product"] == "web"
    assert fresh.get("deployment,service,serviceaccount,role", "-n", namespace)["items"] == []
    upgrade(fresh, namespace)
    assert fresh.get("deploymentevents.deploytrail.dev/web-1", "-n", namespace)["spec"]["product"] == "web"


def test_uninstalling_removes_the_kind_when_told_so(fresh: ControlPlane, install: Install) -> None:
    namespace = install("crds.keep=false")

    fresh.helm("uninstall", "trail", "-n", namespace)
    fresh.await_crds_gone("deploymentevents.deploytrail.dev")

    with pytest.raises(CommandFailed, match="NotFound"):
        fresh.get(CRD)


def test_an_api_server_before_1_30_is_not_told_of_selectable_fields(fresh: ControlPlane) -> None:
    old = fresh.helm("template", "trail", CHART, "--kube-version=1.29.9")
    new = fresh.helm("template", "trail", CHART, "--kube-version=1.30.0")

    assert "selectableFields" not in old
    assert "selectableFields" in new
    with pytest.raises(CommandFailed, match="kubeVersion"):
        fresh.helm("template", "trail", CHART, "--kube-version=1.28.0")


IN_SQLITE = 'store.type="sqlite"'
IN_POSTGRESQL = 'store={"type":"postgresql","secret":{"name":"db"}}'
OWN_KEYS = 'keys={"existingSecret":"my-keys","existingSecretKey":"ci.json"}'


@pytest.mark.parametrize("keys", [(), (OWN_KEYS,)], ids=["keys", "own-keys"])
@pytest.mark.parametrize("store", [(), (IN_SQLITE,), (IN_POSTGRESQL,)], ids=["kubernetes", "sqlite", "postgresql"])
def test_the_notes_can_be_followed(
    store: tuple[str, ...],
    keys: tuple[str, ...],
    fresh: ControlPlane,
    install: Install,
    postgresql_url: str,
    tmp_path: Path,
) -> None:
    namespace = install(*store, *keys)
    fresh.kubectl("create", "secret", "generic", "db", f"--from-literal=url={postgresql_url}", "-n", namespace)
    notes = fresh.helm("get", "notes", "trail", "-n", namespace)

    key = run(fresh, commands(notes, "1. "), tmp_path).splitlines()[-1]
    with Release(fresh, namespace, "trail").operator(tmp_path, mounted(fresh, namespace, tmp_path)) as operator:
        wait_until(lambda: "success" in run(fresh, through(operator.url, commands(notes, "2. ")), tmp_path, KEY=key))
        shown = run(fresh, through(operator.url, commands(notes, "3. ")), tmp_path, KEY=key)

    if store:
        (found,) = json.loads(shown)["items"]
        assert (found["product"], found["environment"], found["status"]) == ("shop/web", "staging", "completed")
    else:
        assert re.search(rf"{namespace} +try-1-\S+ +shop/web +staging +completed", shown)


def mounted(cluster: Cluster, namespace: str, folder: Path) -> dict[str, str]:
    """What a pod's volumes would change of its settings: where its files are."""
    env = {entry["name"]: entry.get("value", "") for entry in container(cluster, namespace)["env"]}
    told = {}
    if env["DEPLOYTRAIL_STORE"].startswith("sqlite:"):
        told["DEPLOYTRAIL_STORE"] = f"sqlite:///{folder}/records.db"
    if "DEPLOYTRAIL_KEYS_FILE" in env:
        data = cluster.get("secret/my-keys", "-n", namespace)["data"]
        (folder / "mounted.json").write_bytes(b64decode(data[Path(env["DEPLOYTRAIL_KEYS_FILE"]).name]))
        told["DEPLOYTRAIL_KEYS_FILE"] = f"{folder}/mounted.json"
    return told


def test_a_second_key_of_the_notes_leaves_the_first_in_the_secret(
    fresh: ControlPlane, install: Install, tmp_path: Path
) -> None:
    namespace = install(OWN_KEYS)
    script = commands(fresh.helm("get", "notes", "trail", "-n", namespace), "1. ")

    run(fresh, script, tmp_path)
    (tmp_path / "keys.json").unlink()
    run(fresh, script.replace("create ci", "create second"), tmp_path)

    file = Path(mounted(fresh, namespace, tmp_path)["DEPLOYTRAIL_KEYS_FILE"])
    assert {key["name"] for key in json.loads(file.read_text())} == {"ci", "second"}


def test_the_notes_say_how_to_ask_without_the_endpoint_for_ci(fresh: ControlPlane, install: Install) -> None:
    notes = {
        store: fresh.helm("get", "notes", "trail", "-n", install('sources=["resources"]', *store))
        for store in ((), (IN_SQLITE,))
    }

    assert "Make a key" not in notes[()]
    assert "kubectl get deploymentevents" in commands(notes[()], "See what is recorded:")
    assert "port-forward" in commands(notes[(IN_SQLITE,)], "2. See what is recorded:")


@pytest.mark.parametrize(
    ("values", "kept", "removed"),
    [
        ((), "it keeps the CustomResourceDefinitions", "crd/deploymentevents.deploytrail.dev"),
        ((IN_SQLITE,), "it keeps the claim", f"pvc/{NAME}"),
        (('store={"type":"sqlite","volume":{"existingClaim":"disk"}}',), "the claim disk is yours", ""),
        ((IN_POSTGRESQL,), "the database is yours", ""),
        ((IN_POSTGRESQL, "crds.keep=false"), "the database is yours", ""),
    ],
    ids=["kubernetes", "sqlite", "own-claim", "postgresql", "no-kinds"],
)
def test_the_notes_say_what_uninstalling_keeps(
    values: tuple[str, ...], kept: str, removed: str, fresh: ControlPlane, install: Install, tmp_path: Path
) -> None:
    namespace = install(*values)
    notes = fresh.helm("get", "notes", "trail", "-n", namespace)
    script = commands(notes, f"Uninstalling keeps every record, because {kept}")

    fresh.helm("uninstall", "trail", "-n", namespace)
    if removed:
        assert "uid" in fresh.get(removed, "-n", namespace)["metadata"]
        # Without a controller nothing lets go of a claim: that it is to go is all that can be seen.
        run(fresh, script.replace("delete pvc", "delete --wait=false pvc"), tmp_path)

        assert is_going(fresh, removed, namespace)
    else:
        assert "kubectl" not in script
    assert ("kubectl delete crd" in notes) == ("crds.keep=false" not in values)


def is_going(cluster: Cluster, name: str, namespace: str) -> bool:
    try:
        return "deletionTimestamp" in cluster.get(name, "-n", namespace)["metadata"]
    except CommandFailed:
        return True


def commands(notes: str, heading: str) -> str:
    """The indented lines that follow the line that starts so."""
    _, _, rest = notes.partition(f"\n{heading}")
    assert rest, notes
    return "\n".join(itertools.takewhile(lambda line: not line[:1].strip(), rest.splitlines()[1:]))


def through(url: str, script: str) -> str:
    """The script with the operator's address for a forwarded port, because none can be forwarded to a pod."""
    lines = [line for line in script.splitlines() if "port-forward" not in line]
    return "\n".join(lines).replace("http://127.0.0.1:8080", url)


def run(cluster: Cluster, script: str, folder: Path, **environment: str) -> str:
    """What a shell prints that has kubectl, the administrator's kubeconfig and our command."""
    path = str(Path(program("kubectl")).parent)
    return docs.run(script, folder, PATH=path, KUBECONFIG=str(cluster.kubeconfig), **environment)
