"""Where the chart lets records be kept: what each store gets of it, and what would lose records is refused."""

import base64
import json
from pathlib import Path

import pytest

from tests.cluster.charted import (
    CHART,
    NAME,
    Install,
    allowed,
    as_its_account,
    container,
    deployment,
    environment,
    pod,
    running,
)
from tests.cluster.test_chart_rights import asked, create_key, post
from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.server import ControlPlane
from tests.waiting import wait_until

POSTGRESQL = 'store={"type":"postgresql","secret":{"name":"db","key":"uri"},"tlsSecret":"db-ca"}'
OF_POSTGRESQL = (POSTGRESQL, 'sources=["argocd","http"]')
OF_SQLITE = ('store={"type":"sqlite","volume":{"size":"2Gi","storageClass":"local","accessMode":"ReadWriteOncePod"}}',)
OF_A_CLAIM = ('store={"type":"sqlite","volume":{"create":false,"existingClaim":"disk"}}',)


def test_sqlite_gets_a_volume_that_outlives_the_release(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*OF_SQLITE)

    assert environment(fresh, namespace)["DEPLOYTRAIL_STORE"] == "sqlite:////var/lib/deploytrail/deploytrail.db"
    assert mounted(fresh, namespace, "/var/lib/deploytrail") == {"persistentVolumeClaim": {"claimName": NAME}}
    claim = fresh.get(f"pvc/{NAME}", "-n", namespace)
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert claim["spec"]["storageClassName"] == "local"
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    fresh.helm("uninstall", "trail", "-n", namespace)
    assert fresh.get(f"pvc/{NAME}", "-n", namespace)["metadata"]["uid"] == claim["metadata"]["uid"]


def test_two_pods_are_never_on_one_sqlite_file(fresh: ControlPlane, install: Install) -> None:
    namespace = install('store.type="sqlite"')

    assert deployment(fresh, namespace)["spec"]["strategy"] == {"type": "Recreate"}


def test_sqlite_goes_to_a_claim_that_is_there(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*OF_A_CLAIM)

    assert mounted(fresh, namespace, "/var/lib/deploytrail") == {"persistentVolumeClaim": {"claimName": "disk"}}
    assert fresh.get("pvc", "-n", namespace)["items"] == []


def test_postgresql_gets_its_url_and_its_certificates_from_secrets(fresh: ControlPlane, install: Install) -> None:
    namespace = install(POSTGRESQL, "replicas=2")

    (store,) = [entry for entry in container(fresh, namespace)["env"] if entry["name"] == "DEPLOYTRAIL_STORE"]
    assert store["valueFrom"] == {"secretKeyRef": {"name": "db", "key": "uri"}}
    tls = mounted(fresh, namespace, "/etc/deploytrail/tls")
    assert tls == {"secret": {"secretName": "db-ca", "defaultMode": 0o440}}
    assert deployment(fresh, namespace)["spec"]["replicas"] == 2
    assert deployment(fresh, namespace)["spec"]["strategy"]["type"] == "RollingUpdate"
    assert fresh.get("pvc", "-n", namespace)["items"] == []


def test_who_keeps_records_in_a_database_writes_no_objects(
    fresh: ControlPlane, install: Install, tmp_path: Path
) -> None:
    namespace = install(*OF_POSTGRESQL)

    account = as_its_account(fresh, namespace, tmp_path)

    for verb in ("get", "list", "watch", "create", "update", "delete"):
        assert not allowed(account, verb, "deploymentevents.deploytrail.dev", namespace)
        assert not allowed(account, verb, "versions.deploytrail.dev", namespace)
        assert not allowed(account, verb, "leases.coordination.k8s.io", namespace)
    assert allowed(account, "list", "applications.argoproj.io")
    assert allowed(account, "list", "secrets", namespace)


def test_a_release_with_postgresql_records_and_asks_for_nothing_that_is_refused(
    fresh: ControlPlane, install: Install, postgresql_url: str, tmp_path: Path
) -> None:
    namespace = install('store={"type":"postgresql","secret":{"name":"db"}}', 'sources=["resources","http"]')
    create_secret(fresh, namespace, "db", url=postgresql_url)
    key = create_key(fresh, namespace)

    with running(fresh, namespace, tmp_path) as url:
        wait_until(lambda: post(url, key).is_success)

    assert fresh.get("deploymentevents", "-n", namespace)["items"] == []
    assert asked(fresh, f"system:serviceaccount:{namespace}:{NAME}", code=403) == set()


LOSSES = [
    (['store.type="sqlite"', "replicas=2"], "replicas is 2 and store.type is sqlite: a SQLite file has one writer"),
    (
        ['store={"type":"sqlite","volume":{"create":false}}'],
        "store.type is sqlite and there is no volume: every record would be lost with its pod",
    ),
    (['store.type="postgresql"'], "store.type is postgresql and no database is named"),
    (['store.secret.name="db"'], "store.secret.name is db but store.type is kubernetes"),
    (['store.volume.existingClaim="disk"'], "store.volume.existingClaim is disk but store.type is kubernetes"),
    (
        ['extraEnv=[{"name":"DEPLOYTRAIL_STORE","value":"sqlite:////tmp/trail.db"}]'],
        "extraEnv sets DEPLOYTRAIL_STORE: say where records are kept with store.type",
    ),
    (
        ['extraEnv=[{"name":"deploytrail_store","value":"sqlite:////tmp/trail.db"}]'],  # settings know no case
        "extraEnv sets deploytrail_store: say where records are kept with store.type",
    ),
    (["replicas=2", 'extraArgs=["--store=sqlite:////tmp/trail.db"]'], "extraArgs has --store: say where"),
    (['extraArgs=["--store","sqlite:////tmp/trail.db"]'], "extraArgs has --store: say where records are kept"),
]


@pytest.mark.parametrize(("values", "sentence"), LOSSES, ids=[sentence for _, sentence in LOSSES])
def test_what_would_lose_records_is_not_installed(fresh: ControlPlane, values: list[str], sentence: str) -> None:
    namespace = fresh.create_namespace("chart")

    with pytest.raises(CommandFailed) as refusal:
        fresh.helm("install", "trail", CHART, "-n", namespace, *(f"--set-json={value}" for value in values))

    assert sentence in str(refusal.value)
    assert fresh.get("deployments,configmaps,secrets", "-n", namespace, "-l", "owner=helm")["items"] == []


def mounted(cluster: Cluster, namespace: str, path: str) -> dict[str, object]:
    """The volume that the container sees under this path."""
    (mount,) = [each for each in container(cluster, namespace)["volumeMounts"] if each["mountPath"] == path]
    (volume,) = [each for each in pod(cluster, namespace)["volumes"] if each["name"] == mount["name"]]
    return {kind: what for kind, what in volume.items() if kind != "name"}


def create_secret(cluster: Cluster, namespace: str, name: str, **data: str) -> None:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}
    cluster.kubectl("create", "-n", namespace, "-f", "-", input=json.dumps(body))
