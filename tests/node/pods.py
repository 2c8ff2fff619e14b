"""Pods that tests put beside the product; all of them meet the restricted standard."""

import json
from collections.abc import Mapping
from typing import Any, cast

from tests.controlplane.cluster import Cluster
from tests.waiting import wait_until

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

ANY_USER = 1000660000
"""As OpenShift makes them up."""


def pod(name: str, image: str, command: list[str], told: Mapping[str, str], user: int = 65532) -> dict[str, Any]:
    """A pod that runs a command once."""
    container = {
        "name": "main",
        "image": image,
        "command": command,
        "env": [{"name": key, "value": value} for key, value in told.items()],
        "securityContext": RESTRICTED | {"runAsUser": user},
    }
    spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def job(name: str, image: str, command: list[str], told: Mapping[str, str], user: int = 65532) -> dict[str, Any]:
    """The same as a Job."""
    template = {"spec": pod(name, image, command, told, user)["spec"]}
    spec = {"backoffLimit": 0, "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def as_json(*objects: dict[str, Any]) -> str:
    """For ``kubectl apply -f -``."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def mebibytes(cluster: Cluster, namespace: str, name: str) -> float:
    """The working set of a pod, as the kubelet counts it: what it holds, without what could be dropped at once."""

    def counted() -> float | bool:
        (node,) = cluster.get("nodes")["items"]
        path = f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary"
        pods = json.loads(cluster.kubectl("get", "--raw", path))["pods"]
        wanted = {"name": name, "namespace": namespace}
        (found,) = (each for each in pods if wanted.items() <= each["podRef"].items())
        return found["memory"]["workingSetBytes"] / 2**20 or False  # counted every ten seconds or so

    return cast("float", wait_until(counted, patience=60))
