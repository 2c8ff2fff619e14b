"""The operator as a pod of the chart would run it: its settings, its ServiceAccount's token, its own process."""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from tests.controlplane.cluster import Cluster
from tests.controlplane.processes import Server, free_port
from tests.waiting import wait_until

CHART = Path(__file__).parents[1] / "charts/deploytrail"
INGEST = "/api/hooks/v2/deployment"
DEPLOYMENTS = "/api/v1/deployments"


def deploytrail(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command of the command line, run to its end; it sees no settings but those given."""
    command = [sys.executable, "-m", "deploytrail", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=_clean() | environment)


def _clean() -> dict[str, str]:
    """Our environment without whatever would be a setting of the operator's."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DEPLOYTRAIL_", "KUBE"))}


def variables(cluster: Cluster, namespace: str, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A container's environment as the kubelet would make it: from values, from Secrets, from the pod's namespace."""

    def value(entry: Mapping[str, Any]) -> str:
        wanted = entry.get("valueFrom", {}).get("secretKeyRef")
        if wanted is None:
            return str(entry.get("value", namespace))
        secret = cluster.get(f"secret/{wanted['name']}", "-n", namespace)
        return b64decode(secret["data"][wanted["key"]]).decode()

    return {entry["name"]: value(entry) for entry in entries}


class Operator:
    """One replica. Its address stays the same when it is started again; there is no kubelet to run it in a pod."""

    def __init__(self, settings: Mapping[str, str], folder: Path, *, port: int = 0, key: str = "") -> None:
        """``key`` is what its API is asked with, if nothing else is said."""
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.key = key
        # No connection is kept: the process at its other end may be another by now.
        self._client = httpx.Client(verify=False, timeout=10, limits=httpx.Limits(max_keepalive_connections=0))
        told = {"DEPLOYTRAIL_LISTEN": f"127.0.0.1:{port}", "DEPLOYTRAIL_LOG_FORMAT": "json"}
        command = [sys.executable, "-m", "deploytrail", "run"]
        self.process = Server(command, folder / "operator.log", _clean() | dict(settings) | told)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def start(self, *, ready: bool = True) -> None:
        """Start it; returns once it answers, and without ``ready=False`` once it is ready."""
        path = "/readyz" if ready else "/healthz"
        self.process.start()
        wait_until(lambda: self.process.pid is None or self._client.get(self.url + path).is_success)
        self.process.check()

    def stop(self) -> int | None:
        """SIGTERM; returns the exit code, that of SIGKILL when ten seconds were not enough."""
        return self.process.stop(patience=10)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.stop(kill=True)

    def freeze(self) -> None:
        """Nothing happens in it until ``thaw``; what others send it waits."""
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """See freeze."""
        self.process.send(signal.SIGCONT)

    def get(self, path: str, *, key: str | None = None, **params: Any) -> httpx.Response:
        """A question, with the operator's own key or with another."""
        bearer = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return self._client.get(self.url + path, headers=bearer, params=params)

    def post(self, body: object, *, key: str | None = None) -> httpx.Response:
        """A report, as Hivel's clients send it."""
        token = {"X-API-Token": self.key if key is None else key}
        return self._client.post(self.url + INGEST, json=body, headers=token)

    def deployments(self, **filters: Any) -> list[dict[str, Any]]:
        """What the read API shows, newest first."""
        items: list[dict[str, Any]] = self.get(DEPLOYMENTS, **filters).raise_for_status().json()["items"]
        return items

    def log(self) -> list[dict[str, Any]]:
        """Every line it has written, of all its runs."""
        return [json.loads(line) for line in self.process.log.read_text().splitlines()]


@dataclass(frozen=True)
class Release:
    """The chart, installed with Helm in a namespace."""

    cluster: Cluster
    namespace: str
    name: str

    def install(self, *values: str) -> str:
        """Install or upgrade it, with ``--set-json`` values; returns what Helm prints."""
        flags = [f"--set-json={value}" for value in values]
        return self.cluster.helm(
            "upgrade", "--install", "--take-ownership", self.name, str(CHART), "-n", self.namespace, *flags
        )

    def operator(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, port: int = 0, key: str = ""
    ) -> Operator:
        """A replica with the chart's settings; ``settings`` are others besides, or instead."""
        pod = self._deployment()["spec"]["template"]["spec"]
        told = variables(self.cluster, self.namespace, pod["containers"][0]["env"])
        token = self.cluster.token(self.namespace, pod["serviceAccountName"])
        config = self.cluster.write_kubeconfig(folder / "kubeconfig", token, self.namespace)
        # Nothing balances load here, so that nobody needs time to find out that it stops.
        told |= {"DEPLOYTRAIL_KUBECONFIG": str(config), "DEPLOYTRAIL_DRAIN": "0s", **(settings or {})}
        return Operator(told, folder, port=port, key=key)

    def _deployment(self) -> dict[str, Any]:
        label = f"app.kubernetes.io/instance={self.name}"
        (deployment,) = self.cluster.get("deployments", "-n", self.namespace, "-l", label)["items"]
        return dict(deployment)
