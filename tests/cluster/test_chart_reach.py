"""How the endpoint is reached, and how many answer: Ingress, HTTPRoute, autoscaling, budget, the chart's own test."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.charted import CHART, NAME, Install, allowed, as_its_account, container, deployment, environment, pod
from tests.controlplane.cluster import CommandFailed
from tests.controlplane.server import ControlPlane
from tests.operator_process import Release, deploytrail
from tests.waiting import wait_until


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
PARENT = schema(name=TEXT, namespace=TEXT)
BACKEND = schema(name=TEXT, port={"type": "integer"})
MATCH = schema(path=schema(type=TEXT, value=TEXT))
ROUTE = schema(
    parentRefs={"type": "array", "items": PARENT},
    hostnames={"type": "array", "items": TEXT},
    rules={
        "type": "array",
        "items": schema(
            matches={"type": "array", "items": MATCH},
            backendRefs={"type": "array", "items": BACKEND},
        ),
    },
)
HTTP_ROUTES = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "httproutes.gateway.networking.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, only for a test"},
    },
    "spec": {
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {"kind": "HTTPRoute", "plural": "httproutes"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema(spec=ROUTE)}}
        ],
    },
}
"""What the chart uses of the Gateway API; a field that is not here would be refused."""


ROUTED = (
    (
        'httpRoute={"enabled":true,"parentRefs":[{"name":"public","namespace":"gateways"}],'
        '"hostnames":["trail.example.com"],"annotations":{"example.com/a":"b"}}'
    ),
)
SCALED = (
    (
        'autoscaling={"enabled":true,"minReplicas":3,"maxReplicas":9,"cpu":70,"memory":60,'
        '"behavior":{"scaleDown":{"stabilizationWindowSeconds":600}}}'
    ),
)
UNPROTECTED = ("replicas=2", "podDisruptionBudget.enabled=false")
WITH_KEYS = ('keys={"existingSecret":"my-keys","existingSecretKey":"ci.json"}',)


@pytest.fixture
def gateways(fresh: ControlPlane) -> Iterator[None]:
    fresh.kubectl("apply", "-f", "-", input=json.dumps(HTTP_ROUTES))
    fresh.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/httproutes.gateway.networking.k8s.io")
    yield
    fresh.delete_crds("httproutes.gateway.networking.k8s.io")


def test_an_ingress_with_a_certificate_from_a_secret(fresh: ControlPlane, install: Install) -> None:
    namespace = install(
        'ingress={"enabled":true,"className":"web","hosts":["a.example.com","b.example.com"],"tlsSecret":"trail-tls",'
        '"annotations":{"cert-manager.io/cluster-issuer":"letsencrypt"}}'
    )

    ingress = fresh.get(f"ingress/{NAME}", "-n", namespace)

    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    assert ingress["spec"]["ingressClassName"] == "web"
    assert ingress["spec"]["tls"] == [{"hosts": ["a.example.com", "b.example.com"], "secretName": "trail-tls"}]
    assert [rule["host"] for rule in ingress["spec"]["rules"]] == ["a.example.com", "b.example.com"]
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    backend = path["backend"]["service"]
    service = fresh.get(f"service/{backend['name']}", "-n", namespace)
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_a_route_of_a_gateway(fresh: ControlPlane, install: Install, gateways: None) -> None:
    namespace = install(*ROUTED, "service.port=8080")

    found = fresh.get(f"httproute/{NAME}", "-n", namespace)

    assert found["metadata"]["annotations"]["example.com/a"] == "b"
    route = found["spec"]
    assert route["parentRefs"] == [{"name": "public", "namespace": "gateways"}]
    assert route["hostnames"] == ["trail.example.com"]
    assert route["rules"][0]["backendRefs"] == [{"name": NAME, "port": 8080}]


def test_an_autoscaler_has_the_pods_to_itself(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*SCALED)

    scaler = fresh.get(f"hpa/{NAME}", "-n", namespace)["spec"]

    assert scaler["scaleTargetRef"]["name"] == NAME
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert {each["resource"]["name"] for each in scaler["metrics"]} == {"cpu", "memory"}
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 600
    fresh.kubectl("scale", f"deployment/{NAME}", "-n", namespace, "--replicas=5")
    Release(fresh, namespace, "trail").install('autoscaling={"enabled":true}', 'logLevel="debug"')
    assert deployment(fresh, namespace)["spec"]["replicas"] == 5
    assert fresh.get(f"pdb/{NAME}", "-n", namespace)["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("values", [(), UNPROTECTED], ids=["one-pod", "unwanted"])
def test_no_budget_for_one_pod_or_where_none_is_wanted(
    values: tuple[str, ...], fresh: ControlPlane, install: Install
) -> None:
    namespace = install(*values)

    assert fresh.get("pdb", "-n", namespace)["items"] == []
    assert fresh.get("hpa,ingress", "-n", namespace)["items"] == []


def test_sqlite_is_not_scaled(fresh: ControlPlane) -> None:
    with pytest.raises(CommandFailed, match="a SQLite file has one writer"):
        fresh.helm("template", "trail", CHART, "--set=store.type=sqlite", "--set=autoscaling.enabled=true")


def test_keys_from_a_secret_of_ones_own(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install(*WITH_KEYS)
    file = tmp_path / "ci.json"
    key = deploytrail("keys", "create", "ci", "--scope=read", f"--keys-file={file}").stdout.strip()

    settings = environment(fresh, namespace)
    (volume,) = [each for each in pod(fresh, namespace)["volumes"] if each["name"] == "keys"]
    (mount,) = [each for each in container(fresh, namespace)["volumeMounts"] if each["name"] == "keys"]
    account = as_its_account(fresh, namespace, tmp_path)

    assert settings["DEPLOYTRAIL_KEYS_FILE"] == "/etc/deploytrail/keys/ci.json"
    assert volume["secret"]["secretName"] == "my-keys"
    assert mount["mountPath"] == "/etc/deploytrail/keys"
    assert mount["readOnly"] is True
    assert not allowed(account, "list", "secrets", namespace)
    mounted = {"DEPLOYTRAIL_KEYS_FILE": str(file)}
    with Release(fresh, namespace, "trail").operator(tmp_path, mounted, key=key) as operator:
        assert wait_until(lambda: operator.get("/api/v1/deployments")).status_code == 200


def test_the_pods_know_their_own_service(fresh: ControlPlane, install: Install) -> None:
    namespace = install("service.port=8080")

    assert environment(fresh, namespace)["DEPLOYTRAIL_URL"] == f"http://{NAME}.{namespace}:8080"


def test_the_charts_own_test_asks_the_service(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()
    hook = fresh.helm("get", "hooks", "trail", "-n", namespace)
    fresh.kubectl("apply", "--dry-run=server", "-f", "-", input=hook)
    (only,) = json.loads(fresh.kubectl("create", "--dry-run=client", "-o", "json", "-f", "-", input=hook))["spec"][
        "containers"
    ]
    service = fresh.get(f"service/{NAME}", "-n", namespace)["spec"]["selector"]

    assert f"--url=http://{NAME}.{namespace}:80" in only["args"]
    assert service["app.kubernetes.io/name"] != "deploytrail-test"
    with Release(fresh, namespace, "trail").operator(tmp_path) as operator:
        arguments = [each if not each.startswith("--url=") else f"--url={operator.url}" for each in only["args"]]
        assert deploytrail(*arguments).returncode == 0
    assert deploytrail(*arguments).returncode == 1
