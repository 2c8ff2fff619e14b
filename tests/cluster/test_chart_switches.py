"""Every value of the chart on its other side: accepted by the API server and understood by the product, or refused."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from deploytrail import __version__
from deploytrail.settings import Settings, load
from tests.cluster.charted import CHART, CRD, Install, container, deployment, environment, pod
from tests.controlplane.cluster import CommandFailed
from tests.controlplane.server import ControlPlane

EVERYTHING = (
    "replicas=3",
    'image={"repository":"registry.example.com/trail","digest":"sha256:' + "0" * 64 + '","pullPolicy":"Always"}',
    'imagePullSecrets=[{"name":"pull"}]',
    'environments=["production","staging"]',
    'logLevel="debug"',
    'store={"secret":{"key":"uri"},"volume":{"create":false,"size":"2Gi","storageClass":"local"}}',
    'retention={"age":"30d","count":20}',
    "keys.manageByApi=true",
    'limits={"rate":0.5,"burst":1000000,"reports":7,"connections":20}',
    (
        'argocd={"namespaces":["argocd","team-*"],"selector":"tier=web","hold":"7s","settle":"1m30s","deadline":"2h",'
        '"trackPartial":false,'
        '"backfill":"history","url":"https://argocd.example.com","environmentsByCluster":{"https://a.example.com":"eu"},'
        '"environmentsByProject":{"shop":"production","lab":"staging"},"environmentsByNamespace":{"web":"production"}}'
    ),
    'dora={"environments":["live"],"fixWindow":"2h","replaceWindow":"10m","bands":2023}',
    "metrics.products=3",
    'watchNamespaces=["default"]',
    'pages={"anonymous":true,"sessionHours":8,"userHeader":"X-Forwarded-User","trustedProxies":["10.0.0.0/8"]}',
    "crds.keep=false",
    "rbac.aggregate=false",
    'serviceAccount={"name":"someone","annotations":{"example.com/role":"reader"}}',
    'service={"type":"NodePort","port":8080,"annotations":{"example.com/a":"b"}}',
    'networkPolicy={"enabled":true,"from":[{"namespaceSelector":{"matchLabels":{"ci":"yes"}}}]}',
    'resources={"requests":{"cpu":"10m","ephemeral-storage":"1Mi"},"limits":{"cpu":"1","memory":"1Gi"}}',
    (
        'ingress={"enabled":true,"className":"web","annotations":{"cert-manager.io/cluster-issuer":"own"},'
        '"hosts":["trail.example.com"],"path":"/","tlsSecret":"trail-tls"}'
    ),
    'httpRoute={"hostnames":["trail.example.com"]}',
    'autoscaling={"minReplicas":3}',
    'podDisruptionBudget={"maxUnavailable":"50%","unhealthyPodEvictionPolicy":"AlwaysAllow"}',
    'commonLabels={"example.com/cost":"shared"}',
    'deploymentAnnotations={"example.com/reload":"yes"}',
    'podAnnotations={"example.com/c":"d"}',
    'podLabels={"team":"platform","app.kubernetes.io/version":"ours"}',
    'extraEnv=[{"name":"DEPLOYTRAIL_LOG_FORMAT","value":"json"}]',
    'extraEnvFrom=[{"configMapRef":{"name":"more"}}]',
    'extraArgs=["--log-format=json"]',
    'extraVolumes=[{"name":"more","emptyDir":{}}]',
    'extraVolumeMounts=[{"name":"more","mountPath":"/more"}]',
    'initContainers=[{"name":"before","image":"example.com/before"}]',
    'extraContainers=[{"name":"beside","image":"example.com/beside"}]',
    'podSecurityContext={"runAsUser":null,"runAsGroup":null,"fsGroup":null}',
    'securityContext={"privileged":false}',
    "terminationGracePeriodSeconds=60",
    "revisionHistoryLimit=3",
    'dnsPolicy="Default"',
    'dnsConfig={"options":[{"name":"ndots","value":"2"}]}',
    'priorityClassName="system-cluster-critical"',
    'nodeSelector={"kubernetes.io/os":"linux"}',
    'tolerations=[{"key":"infra","operator":"Exists"}]',
    (
        'affinity={"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":'
        '[{"matchExpressions":[{"key":"arch","operator":"Exists"}]}]}}}'
    ),
    'topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]',
    'nameOverride="deploytrail"',
    'fullnameOverride="trail-deploytrail"',
    'global={"anything":1}',
    "enabled=true",
)
"""Every value, on its other side."""


def test_every_switch_on_its_other_side_is_accepted(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*EVERYTHING)

    spec, only = pod(fresh, namespace), container(fresh, namespace)
    labels = deployment(fresh, namespace)["spec"]["template"]["metadata"]["labels"]
    assert deployment(fresh, namespace)["spec"]["replicas"] == 3
    assert only["image"] == "registry.example.com/trail@sha256:" + "0" * 64
    assert only["resources"]["requests"]["ephemeral-storage"] == "1Mi"
    assert labels["team"] == "platform"
    assert labels["app.kubernetes.io/version"] == __version__
    assert spec["serviceAccountName"] == "someone"
    assert spec["priorityClassName"] == "system-cluster-critical"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert spec["tolerations"] == [{"key": "infra", "operator": "Exists"}]
    assert "nodeAffinity" in spec["affinity"]
    selector = deployment(fresh, namespace)["spec"]["selector"]
    assert spec["topologySpreadConstraints"][0]["labelSelector"] == selector
    assert fresh.get("pdb/trail-deploytrail", "-n", namespace)["spec"]["selector"] == selector
    assert_more_of_the_pod(fresh, namespace)
    policy = fresh.get("networkpolicy/trail-deploytrail", "-n", namespace)["spec"]
    assert policy["podSelector"] == selector
    assert policy["ingress"][0]["from"] == [{"namespaceSelector": {"matchLabels": {"ci": "yes"}}}]
    service = fresh.get("service/trail-deploytrail", "-n", namespace)
    assert (service["spec"]["type"], service["spec"]["ports"][0]["port"]) == ("NodePort", 8080)
    assert service["spec"]["selector"].items() <= labels.items()
    account = fresh.get("serviceaccount/someone", "-n", namespace)
    assert account["metadata"]["annotations"]["example.com/role"] == "reader"
    assert "helm.sh/resource-policy" not in fresh.get(CRD)["metadata"]["annotations"]
    assert fresh.kubectl("get", "clusterroles", "-o", "name").count("trail-deploytrail-") == 0


def assert_more_of_the_pod(fresh: ControlPlane, namespace: str) -> None:
    spec, only = pod(fresh, namespace), container(fresh, namespace)
    assert fresh.get("pdb/trail-deploytrail", "-n", namespace)["spec"]["maxUnavailable"] == "50%"
    assert deployment(fresh, namespace)["spec"]["revisionHistoryLimit"] == 3
    assert deployment(fresh, namespace)["metadata"]["annotations"]["example.com/reload"] == "yes"
    for made in ("service", "ingress", "serviceaccount/someone", "role/trail-deploytrail", "networkpolicy"):
        found = fresh.get(made, "-n", namespace)
        labels = [item["metadata"]["labels"] for item in found.get("items", [found])]
        assert [each["example.com/cost"] for each in labels] == ["shared"]
    assert only["args"] == ["run", "--log-format=json"]
    assert only["envFrom"] == [{"configMapRef": {"name": "more"}}]
    assert {"name": "more", "mountPath": "/more"} in only["volumeMounts"]
    assert {"name": "more", "emptyDir": {}} in spec["volumes"]
    assert [each["name"] for each in spec["initContainers"]] == ["before"]
    assert [each["name"] for each in spec["containers"]] == ["deploytrail", "beside"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert only["securityContext"]["privileged"] is False
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["terminationGracePeriodSeconds"] == 60
    assert (spec["dnsPolicy"], spec["dnsConfig"]) == ("Default", {"options": [{"name": "ndots", "value": "2"}]})


def test_every_value_is_tried_on_its_other_side() -> None:
    values = yaml.safe_load((Path(CHART) / "values.yaml").read_text())

    tried = {value.partition("=")[0].partition(".")[0] for value in EVERYTHING}

    assert tried | {"sources", "watchNamespaces"} == set(values)


def test_without_an_account_roles_and_kinds_of_its_own(fresh: ControlPlane, install: Install) -> None:
    namespace = install("crds.install=false", "rbac.create=false", "serviceAccount.create=false")

    assert pod(fresh, namespace)["serviceAccountName"] == "default"
    assert fresh.get("serviceaccount,role,rolebinding", "-n", namespace)["items"] == []
    with pytest.raises(CommandFailed, match="NotFound"):
        fresh.get(CRD)


def test_the_values_become_settings(fresh: ControlPlane, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace = install(*EVERYTHING)
    given = environment(fresh, namespace)

    settings = told(given, monkeypatch)

    assert settings.environments == ("production", "staging")
    assert settings.log_level == "debug"
    assert (settings.retention.age, settings.retention.count) == (timedelta(days=30), 20)
    assert settings.limits.model_dump() == {"rate": 0.5, "burst": 1_000_000, "reports": 7, "connections": 20}
    assert settings.dora.model_dump(mode="json") == {
        "environments": ["live"],
        "fix_window": "PT2H",
        "replace_window": "PT10M",
        "bands": 2023,
    }
    assert settings.argocd.model_dump(mode="json") == {
        "namespaces": ["argocd", "team-*"],
        "selector": "tier=web",
        "hold": "PT7S",
        "settle": "PT1M30S",
        "deadline": "PT2H",
        "track_partial": False,
        "backfill": "history",
        "url": "https://argocd.example.com",
        "environments_by_cluster": {"https://a.example.com": "eu"},
        "environments_by_project": {"shop": "production", "lab": "staging"},
        "environments_by_namespace": {"web": "production"},
    }


def test_values_left_alone_are_the_products_own_defaults(
    fresh: ControlPlane, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = install()

    settings = told(environment(fresh, namespace), monkeypatch)

    assert settings.listen == "0.0.0.0:8080"
    assert settings.namespace == namespace
    # Only behind a Service does anybody need time to find out that a pod stops.
    own = load({"listen": settings.listen, "namespace": settings.namespace, "drain": "5s"}, None)
    assert settings.model_dump() == own.model_dump()


def told(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that a container with these variables runs with."""
    with monkeypatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        return load({}, None)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("replicas=0", "at '/replicas': minimum: got 0, want 1"),
        ('replicas="two"', "at '/replicas': got string, want integer"),
        ("image.tag=1.2", "at '/image/tag': got number, want string"),
        ('image.digest="latest"', "at '/image/digest'"),
        ('sources=["argo"]', "at '/sources/0': value must be one of 'argocd', 'resources', 'http'"),
        ("sources=[]", "at '/sources': minItems: got 0, want 1"),
        ('argocd.settle="30"', "at '/argocd/settle': '30' does not match pattern"),
        ('argocd.url="argocd.example.com"', "at '/argocd/url'"),
        ('argocd.backfill="all"', "at '/argocd/backfill': value must be one of 'none', 'history'"),
        (
            'argocd.environmentsByProject={"a=b":"c"}',
            "at '/argocd/environmentsByProject': additional properties 'a=b' not",
        ),
        ('environments=["a,b"]', "at '/environments/0'"),
        ("limits.rate=-1", "at '/limits/rate': minimum"),
        ("limits.connections=9", "at '/limits/connections': minimum"),
        ('retention.age="90"', "at '/retention/age': '90' does not match pattern"),
        ("retention.count=-1", "at '/retention/count': minimum"),
        ('retention.count="many"', "at '/retention/count': 'many' does not match pattern"),
        ('store.type="mysql"', "at '/store/type': value must be one of 'kubernetes', 'sqlite', 'postgresql'"),
        ('store.volume.size="much"', "at '/store/volume/size'"),
        ('store.url="postgresql://u:p@h/d"', "at '/store': additional properties 'url' not allowed"),
        ('keys.manageByApi="yes"', "at '/keys/manageByApi': got string, want boolean"),
        ('logLevel="verbose"', "at '/logLevel': value must be one of"),
        ('watchNamespaces=["team-*"]', "at '/watchNamespaces/0'"),
        ("autoscaling.maxReplicas=17", "at '/autoscaling/maxReplicas': maximum"),
        ('ingress={"enabled":true}', "ingress.enabled and no host"),
        ("httpRoute.enabled=true", "httpRoute.enabled and no Gateway"),
        ('keys={"existingSecret":"k","manageByApi":true}', "a mounted Secret cannot be written"),
        ("service.port=70000", "at '/service/port': maximum"),
        ('crds.install="yes"', "at '/crds/install': got string, want boolean"),
        ("replicaCount=2", "additional properties 'replicaCount' not allowed"),
        ('image.name="x"', "additional properties 'name' not allowed"),
    ],
)
def test_a_wrong_value_is_refused_by_name(fresh: ControlPlane, value: str, sentence: str) -> None:
    with pytest.raises(CommandFailed) as refusal:
        fresh.helm("template", "trail", CHART, f"--set-json={value}")

    assert sentence in str(refusal.value)
