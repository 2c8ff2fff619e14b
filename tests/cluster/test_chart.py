"""The chart, installed with Helm: accepted by an API server with every switch on either side, and no right too many.

No pods run here: what a node would do with them is not shown by these tests.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploytrail import __version__
from deploytrail.keys.model import Scope
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.secrets import from_secret
from deploytrail.settings import Settings, load
from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.server import ControlPlane

ROOT = Path(__file__).parents[2]
CHART = str(ROOT / "charts/deploytrail")
CRD = "crd/deploymentevents.deploytrail.dev"

Install = Callable[..., str]
"""Installs the chart with these ``--set-json`` values; returns the namespace."""


@pytest.fixture(scope="module")
def fresh() -> Iterator[ControlPlane]:
    """A cluster that knows nothing of us: what is installed here is cluster-wide and would disturb other tests."""
    with ControlPlane() as plane:
        yield plane


@pytest.fixture
def install(fresh: ControlPlane) -> Iterator[Install]:
    installed: list[str] = []

    def install(*values: str) -> str:
        namespace = fresh.create_namespace("chart")
        installed.append(namespace)
        upgrade(fresh, namespace, *values)
        return namespace

    yield install
    for namespace in installed:
        fresh.helm("uninstall", "trail", "-n", namespace, "--ignore-not-found")
    fresh.kubectl("delete", CRD, "--ignore-not-found")


def upgrade(cluster: Cluster, namespace: str, *values: str) -> None:
    """Install or upgrade, and return when the API server serves our kind."""
    flags = [f"--set-json={value}" for value in values]
    cluster.helm("upgrade", "--install", "trail", CHART, "-n", namespace, *flags)
    if "crds.install=false" not in values:
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", CRD)


def deployment(cluster: Cluster, namespace: str) -> dict[str, Any]:
    return cluster.get("deployment/trail-deploytrail", "-n", namespace)


def pod(cluster: Cluster, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = deployment(cluster, namespace)["spec"]["template"]["spec"]
    return spec


def container(cluster: Cluster, namespace: str) -> dict[str, Any]:
    (only,) = pod(cluster, namespace)["containers"]
    return dict(only)


def environment(cluster: Cluster, namespace: str) -> dict[str, str]:
    return {entry["name"]: entry.get("value", namespace) for entry in container(cluster, namespace)["env"]}


def allowed(cluster: Cluster, verb: str, resource: str, namespace: str = "", name: str = "") -> bool:
    """What the API server says of whoever asks; the resource is spelled ``plural[/subresource][.group]``."""
    plural, _, group = resource.partition(".")
    plural, _, subresource = plural.partition("/")
    attributes = {"verb": verb, "resource": plural, "subresource": subresource, "group": group}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | {"namespace": namespace, "name": name}},
    }
    answer = cluster.kubectl("create", "--validate=false", "-f", "-", "-o", "json", input=json.dumps(review))
    return bool(json.loads(answer)["status"]["allowed"])


def as_its_account(cluster: Cluster, namespace: str, folder: Path) -> Cluster:
    token = cluster.token(namespace, "trail-deploytrail")
    return Cluster(cluster.write_kubeconfig(folder / "kubeconfig", token, namespace))


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


def test_its_account_may_do_what_it_must(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    for verb in ("get", "list", "watch"):
        assert allowed(account, verb, "applications.argoproj.io")
        assert allowed(account, verb, "deploymentevents.deploytrail.dev")
        assert allowed(account, verb, "secrets", namespace)
    assert allowed(account, "watch", "customresourcedefinitions.apiextensions.k8s.io")
    assert allowed(account, "patch", "deploymentevents/status.deploytrail.dev", "elsewhere")
    assert allowed(account, "create", "deploymentevents.deploytrail.dev", namespace)
    assert allowed(account, "update", "deploymentevents.deploytrail.dev", namespace)
    assert allowed(account, "update", "leases.coordination.k8s.io", namespace)
    assert allowed(account, "create", "configmaps", namespace)
    assert allowed(account, "get", "configmaps", namespace, "deploytrail-began")


def test_its_account_may_do_nothing_more(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    for verb in ("create", "update", "patch", "delete", "deletecollection"):
        assert not allowed(account, verb, "applications.argoproj.io", "argocd")
        assert not allowed(account, verb, "applications.argoproj.io", namespace)
        assert not allowed(account, verb, "deploymentevents.deploytrail.dev", "elsewhere")
        assert not allowed(account, verb, "secrets", namespace)
        assert not allowed(account, verb, "customresourcedefinitions.apiextensions.k8s.io")
    for verb in ("get", "list", "watch"):
        assert not allowed(account, verb, "secrets", "kube-system")
        assert not allowed(account, verb, "secrets")
    assert not allowed(account, "delete", "deploymentevents.deploytrail.dev", namespace)
    assert not allowed(account, "get", "configmaps", namespace, "other")
    assert not allowed(account, "list", "configmaps", namespace)
    assert not allowed(account, "update", "leases.coordination.k8s.io", "kube-system")
    assert not allowed(account, "list", "pods", namespace)
    assert not allowed(account, "create", "pods", namespace)


def test_its_account_lists_and_is_refused_for_real(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()

    account = as_its_account(fresh, namespace, tmp_path)

    assert account.get("deploymentevents.deploytrail.dev", "-A")["items"] == []
    assert account.get("secrets", "-n", namespace)["items"] is not None
    with pytest.raises(CommandFailed, match="Forbidden"):
        account.get("secrets", "-n", "kube-system")


def test_a_source_that_is_off_has_no_rights(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install('sources=["http"]')

    account = as_its_account(fresh, namespace, tmp_path)

    assert not allowed(account, "list", "applications.argoproj.io")
    assert not allowed(account, "list", "customresourcedefinitions.apiextensions.k8s.io")
    assert not allowed(account, "patch", "deploymentevents/status.deploytrail.dev", namespace)
    assert allowed(account, "list", "secrets", namespace)
    upgrade(fresh, namespace, 'sources=["argocd"]')
    assert allowed(account, "list", "applications.argoproj.io")
    assert not allowed(account, "list", "secrets", namespace)


def test_people_see_and_report_through_the_clusters_own_roles(fresh: ControlPlane, install: Install) -> None:
    install()

    roles = {name: fresh.get(f"clusterrole/trail-deploytrail-{name}") for name in ("view", "edit")}

    to = "rbac.authorization.k8s.io/aggregate-to-"
    labels = {name: {key for key in role["metadata"]["labels"] if key.startswith(to)} for name, role in roles.items()}
    assert labels == {"view": {f"{to}view", f"{to}edit", f"{to}admin"}, "edit": {f"{to}edit", f"{to}admin"}}
    assert roles["view"]["rules"][0]["verbs"] == ["get", "list", "watch"]
    assert "create" in roles["edit"]["rules"][0]["verbs"]
    assert {rule["resources"][0] for role in roles.values() for rule in role["rules"]} == {"deploymentevents"}


EVERYTHING = (
    "replicas=3",
    'image={"repository":"registry.example.com/trail","digest":"sha256:' + "0" * 64 + '","pullPolicy":"Always"}',
    'imagePullSecrets=[{"name":"pull"}]',
    'environments=["production","staging"]',
    'logLevel="debug"',
    (
        'argocd={"namespaces":["argocd","team-*"],"selector":"tier=web","hold":"7s","settle":"1m30s","deadline":"2h",'
        '"backfill":"history","url":"https://argocd.example.com","environmentsByCluster":{"https://a.example.com":"eu"},'
        '"environmentsByProject":{"shop":"production","lab":"staging"},"environmentsByNamespace":{"web":"production"}}'
    ),
    "crds.keep=false",
    "rbac.aggregate=false",
    'serviceAccount={"name":"someone","annotations":{"example.com/role":"reader"}}',
    'service={"type":"NodePort","port":8080,"annotations":{"example.com/a":"b"}}',
    'networkPolicy={"enabled":true,"from":[{"namespaceSelector":{"matchLabels":{"ci":"yes"}}}]}',
    'resources={"requests":{"cpu":"10m","ephemeral-storage":"1Mi"},"limits":{"cpu":"1","memory":"1Gi"}}',
    'podAnnotations={"example.com/c":"d"}',
    'podLabels={"team":"platform","app.kubernetes.io/version":"ours"}',
    'extraEnv=[{"name":"DEPLOYTRAIL_LOG_FORMAT","value":"json"}]',
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


def test_every_value_is_tried_on_its_other_side() -> None:
    values = yaml.safe_load((Path(CHART) / "values.yaml").read_text())

    tried = {value.partition("=")[0].partition(".")[0] for value in EVERYTHING}

    assert tried | {"sources"} == set(values)


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
    assert settings.argocd.model_dump(mode="json") == {
        "namespaces": ["argocd", "team-*"],
        "selector": "tier=web",
        "hold": "PT7S",
        "settle": "PT1M30S",
        "deadline": "PT2H",
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
    own = load({"listen": settings.listen, "namespace": settings.namespace}, None)
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
        ('logLevel="verbose"', "at '/logLevel': value must be one of"),
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

    fresh.helm("uninstall", "trail", "-n", namespace, "--wait")

    with pytest.raises(CommandFailed, match="NotFound"):
        fresh.get(CRD)


def test_an_api_server_before_1_30_is_not_told_of_selectable_fields(fresh: ControlPlane) -> None:
    old = fresh.helm("template", "trail", CHART, "--kube-version=1.29.9")
    new = fresh.helm("template", "trail", CHART, "--kube-version=1.30.0")

    assert "selectableFields" not in old
    assert "selectableFields" in new
    with pytest.raises(CommandFailed, match="kubeVersion"):
        fresh.helm("template", "trail", CHART, "--kube-version=1.28.0")


def test_the_manifests_install_the_same_without_helm(fresh: ControlPlane) -> None:
    manifest = str(ROOT / "manifests/install.yaml")
    try:
        applied = fresh.kubectl("apply", "-f", manifest)

        assert "namespace/deploytrail created" in applied
        assert "deployment.apps/deploytrail created" in applied
        assert "unchanged" in fresh.kubectl("apply", "-f", manifest)
    finally:
        fresh.kubectl("delete", "--wait=false", "-f", manifest)


def test_the_key_that_the_notes_make_is_a_key(fresh: ControlPlane, install: Install) -> None:
    namespace = install()
    notes = fresh.helm("get", "notes", "trail", "-n", namespace)

    printed = run(fresh, commands(notes, after="1.", before="2.")).splitlines()[-1]

    secret = fresh.get("secret/deploytrail-key-ci", "-n", namespace)
    key = from_secret(secret)
    assert secret["metadata"]["labels"] == {"deploytrail.dev/key": "true"}
    assert KeyRing([key]).find(printed, scope=Scope.INGEST, now=datetime.now(UTC)) == key


def run(cluster: Cluster, script: str) -> str:
    """What a shell prints that has kubectl and the administrator's kubeconfig."""
    path = f"{program('kubectl').parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "KUBECONFIG": str(cluster.kubeconfig)}
    return subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True, env=environment).stdout


def commands(notes: str, *, after: str, before: str) -> str:
    """The indented lines between two headings of the notes."""
    lines = notes.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(after))
    last = next(index for index, line in enumerate(lines) if line.startswith(before))
    return "\n".join(line for line in lines[first + 1 : last] if line.startswith("   "))
