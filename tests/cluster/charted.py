"""The chart on an API server: install it, look at what it made, be its ServiceAccount, run what its pod would run."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.controlplane.cluster import Cluster
from tests.operator_process import CHART as FOLDER
from tests.operator_process import Release, variables

ROOT = Path(__file__).parents[2]
CHART = str(FOLDER)
CRD = "crd/deploymentevents.deploytrail.dev"
EVENTS = "deploymentevents.deploytrail.dev"
NAME = "trail-deploytrail"
"""What the release ``trail`` calls its objects."""

Install = Callable[..., str]
"""Installs the chart with these ``--set-json`` values; returns the namespace."""


def upgrade(cluster: Cluster, namespace: str, *values: str) -> None:
    """Install or upgrade, and return when the API server serves our kinds."""
    Release(cluster, namespace, "trail").install(*values)
    if "crds.install=false" not in values:
        ours = "--selector=app.kubernetes.io/instance=trail"
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", ours)


def deployment(cluster: Cluster, namespace: str) -> dict[str, Any]:
    return cluster.get(f"deployment/{NAME}", "-n", namespace)


def pod(cluster: Cluster, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = deployment(cluster, namespace)["spec"]["template"]["spec"]
    return spec


def container(cluster: Cluster, namespace: str) -> dict[str, Any]:
    return dict(pod(cluster, namespace)["containers"][0])


def environment(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The container's variables; the one that the pod would fill in is the namespace, those of Secrets are read."""
    return variables(cluster, namespace, container(cluster, namespace)["env"])


def as_its_account(cluster: Cluster, namespace: str, folder: Path) -> Cluster:
    """The cluster as the chart's ServiceAccount sees it."""
    token = cluster.token(namespace, NAME)
    return Cluster(cluster.write_kubeconfig(folder / "kubeconfig", token, namespace))


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


@contextmanager
def running(cluster: Cluster, namespace: str, folder: Path) -> Iterator[str]:
    """The operator with the chart's settings and its ServiceAccount's token; gives its URL once it is ready."""
    with Release(cluster, namespace, "trail").operator(folder) as operator:
        yield operator.url
