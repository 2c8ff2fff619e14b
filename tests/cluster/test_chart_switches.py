"""Every value of the chart on its other side: accepted by the API server and understood by the product, or refused."""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from deploytrail import __version__
from deploytrail.settings import Settings, load
from tests.cluster import test_chart_metrics, test_chart_reach, test_chart_stores
from tests.cluster.charted import CHART, CRD, Install, container, deployment, environment, pod
from tests.controlplane.cluster import CommandFailed
from tests.controlplane.server import ControlPlane
from tools.chart_values import read_values

EVERYTHING = (
    "replicas=3",
    'image={"repository":"registry.example.com/trail","tag":"edge","digest":"sha256:'
    + "0" * 64
    + '","pullPolicy":"Always"}',
    'imagePullSecrets=[{"name":"pull"}]',
    'environments=["production","staging"]',
    'logLevel="debug"',
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
    'serviceAccount={"name":"someone","labels":{"team":"platform"},"annotations":{"example.com/role":"reader"}}',
    (
        'service={"type":"NodePort","port":8080,"annotations":{"example.com/a":"b"},"ipFamilies":["IPv4"],'
        '"ipFamilyPolicy":"PreferDualStack","labels":{"team":"platform","deploytrail.dev/endpoint":"no"}}'
    ),
    (
        'networkPolicy={"enabled":true,"from":[{"namespaceSelector":{"matchLabels":{"ci":"yes"}}}],'
        '"egress":[{"ports":[{"port":6443}]}]}'
    ),
    'resources={"requests":{"cpu":"10m","ephemeral-storage":"1Mi"},"limits":{"cpu":"1","memory":"1Gi"}}',
    (
        'ingress={"enabled":true,"className":"web","annotations":{"cert-manager.io/cluster-issuer":"own"},'
        '"hosts":["trail.example.com"],"path":"/trail","tlsSecret":"trail-tls"}'
    ),
    'podDisruptionBudget={"maxUnavailable":"50%","unhealthyPodEvictionPolicy":"AlwaysAllow"}',
    'commonLabels={"example.com/cost":"shared","app.kubernetes.io/name":"ours"}',
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
    'startupProbe={"failureThreshold":300}',
    'livenessProbe={"initialDelaySeconds":7,"timeoutSeconds":9}',
    'readinessProbe={"periodSeconds":2,"successThreshold":2}',
    'deploymentStrategy={"rollingUpdate":{"maxSurge":"50%","maxUnavailable":1}}',
    "terminationGracePeriodSeconds=60",
    "revisionHistoryLimit=3",
    'dnsPolicy="Default"',
    'dnsConfig={"options":[{"name":"ndots","value":"2"}]}',
    'hostAliases=[{"ip":"10.0.0.7","hostnames":["db.example"]}]',
    'priorityClassName="system-cluster-critical"',
    'nodeSelector={"kubernetes.io/os":"linux"}',
    'tolerations=[{"key":"infra","operator":"Exists"}]',
    (
        'affinity={"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":'
        '[{"matchExpressions":[{"key":"arch","operator":"Exists"}]}]}}}'
    ),
    'topologySpreadConstraints=[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]',
    (
        'extraObjects=[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"beside-{{ .Release.Name }}"}},'
        '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"hidden"}}]'
    ),
    'global={"anything":1}',
    "enabled=false",
)
"""Every value that can be on its other side while all of these are."""

NOTHING_MADE = ("crds.install=false", "rbac.create=false", "serviceAccount.create=false")
NAMED = ('nameOverride="recorder"', 'fullnameOverride="of-deployments"')

ELSEWHERE = (
    NOTHING_MADE,
    NAMED,
    test_chart_stores.OF_SQLITE,
    test_chart_stores.OF_A_CLAIM,
    test_chart_stores.OF_POSTGRESQL,
    test_chart_reach.SCALED,
    test_chart_reach.ROUTED,
    test_chart_reach.UNPROTECTED,
    test_chart_reach.WITH_KEYS,
    test_chart_metrics.EVERYTHING,
)
"""What tests of their own install, because it excludes some of the above or needs more kinds."""


def test_every_switch_on_its_other_side_is_accepted(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*EVERYTHING)

    spec, only = pod(fresh, namespace), container(fresh, namespace)
    labels = deployment(fresh, namespace)["spec"]["template"]["metadata"]["labels"]
    assert deployment(fresh, namespace)["spec"]["replicas"] == 3
    assert only["image"] == "registry.example.com/trail@sha256:" + "0" * 64
    assert only["resources"]["requests"]["ephemeral-storage"] == "1Mi"
    assert labels["team"] == "platform"
    assert labels["app.kubernetes.io/version"] == __version__
    assert (labels["example.com/cost"], labels["app.kubernetes.io/name"]) == ("shared", "deploytrail")
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
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"][0]["ports"][0]["port"] == 6443
    assert policy["podSelector"] == selector
    assert policy["ingress"][0]["from"] == [{"namespaceSelector": {"matchLabels": {"ci": "yes"}}}]
    service = fresh.get("service/trail-deploytrail", "-n", namespace)
    assert (service["spec"]["type"], service["spec"]["ports"][0]["port"]) == ("NodePort", 8080)
    assert (service["spec"]["ipFamilies"], service["spec"]["ipFamilyPolicy"]) == (["IPv4"], "PreferDualStack")
    assert service["metadata"]["labels"]["team"] == "platform"
    assert service["metadata"]["labels"]["deploytrail.dev/endpoint"] == "true"
    assert service["spec"]["selector"].items() <= labels.items()
    account = fresh.get("serviceaccount/someone", "-n", namespace)
    assert account["metadata"]["annotations"]["example.com/role"] == "reader"
    assert account["metadata"]["labels"]["team"] == "platform"
    assert fresh.get("configmap/beside-trail", "-n", namespace)["metadata"]["name"] == "beside-trail"
    assert fresh.get("secret/hidden", "-n", namespace)["metadata"]["name"] == "hidden"
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
    assert spec["hostAliases"] == [{"ip": "10.0.0.7", "hostnames": ["db.example"]}]
    strategy = deployment(fresh, namespace)["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 1}}
    assert (only["startupProbe"]["periodSeconds"], only["startupProbe"]["failureThreshold"]) == (1, 300)
    assert (only["livenessProbe"]["initialDelaySeconds"], only["livenessProbe"]["timeoutSeconds"]) == (7, 9)
    assert (only["readinessProbe"]["periodSeconds"], only["readinessProbe"]["successThreshold"]) == (2, 2)
    (rule,) = fresh.get("ingress/trail-deploytrail", "-n", namespace)["spec"]["rules"]
    assert rule["http"]["paths"][0]["path"] == "/trail"
    assert (spec["dnsPolicy"], spec["dnsConfig"]) == ("Default", {"options": [{"name": "ndots", "value": "2"}]})


def test_every_value_is_tried_on_its_other_side() -> None:
    values = read_values((Path(CHART) / "values.yaml").read_text())
    given = [flag for flags in (EVERYTHING, *ELSEWHERE) for flag in flags]

    same = [
        ".".join(value.path)
        for value in values
        if {at(flag, value.path) for flag in given} <= {"", as_json(value.default)}
    ]

    assert same == []


def at(flag: str, path: tuple[str, ...]) -> str:
    """What a ``--set-json`` value says of this path, as JSON; empty when it says nothing of it."""
    name, _, text = flag.partition("=")
    nested: Any = reduce(lambda inner, key: {key: inner}, reversed(name.split(".")), json.loads(text))
    for key in path:
        if not isinstance(nested, Mapping) or key not in nested:
            return ""
        nested = nested[key]
    return as_json(nested)


def as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def test_everything_is_called_as_it_is_told(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*NAMED)

    labels = fresh.get("deployment/of-deployments", "-n", namespace)["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "recorder"
    selector = fresh.get("service/of-deployments", "-n", namespace)["spec"]["selector"]
    assert selector.items() <= labels.items()


def test_pods_that_are_replaced_all_at_once(fresh: ControlPlane, install: Install) -> None:
    namespace = install('deploymentStrategy.type="Recreate"')

    assert deployment(fresh, namespace)["spec"]["strategy"] == {"type": "Recreate"}


def test_without_an_account_roles_and_kinds_of_its_own(fresh: ControlPlane, install: Install) -> None:
    namespace = install(*NOTHING_MADE)

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
        (
            'autoscaling={"enabled":true,"minReplicas":9,"maxReplicas":3}',
            "autoscaling.minReplicas is 9 and autoscaling.maxReplicas is 3",
        ),
        ('autoscaling={"enabled":true,"cpu":0}', "autoscaling.cpu and autoscaling.memory both 0"),
        ('service.ipFamilies=["IPv5"]', "at '/service/ipFamilies/0'"),
        ('livenessProbe={"httpGet":{"path":"/"}}', "at '/livenessProbe': additional properties 'httpGet' not"),
        ('deploymentStrategy.type="OnDelete"', "at '/deploymentStrategy/type'"),
        ('extraObjects=[{"kind":"Secret"}]', "at '/extraObjects/0'"),
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
