"""The chart installed on real pods: what a cluster's administrator does with it, and what can be seen of it."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, CommandFailed
from tests.controlplane.processes import Server
from tests.operator_process import CHART, DEPLOYMENTS, deploytrail
from tests.waiting import wait_until

PATIENCE = "180s"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@dataclass
class Installation:
    """One release in a namespace of its own."""

    cluster: Cluster
    name: str
    first: bool = False
    """Whether no other release has had the kinds before, as in everybody's cluster."""
    secrets: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """It is called like the release."""
        return self.name

    @property
    def fullname(self) -> str:
        """What the chart calls its objects."""
        return self.name if "deploytrail" in self.name else f"{self.name}-deploytrail"

    @property
    def url(self) -> str:
        """Where pods reach it."""
        return f"http://{self.fullname}.{self.namespace}"

    def create_namespace(self) -> None:
        """Have the namespace, which takes restricted pods alone."""
        self.cluster.kubectl("create", "namespace", self.namespace)
        self.cluster.kubectl("label", "namespace", self.namespace, RESTRICTED)
        self.kubectl("wait", "--for=create", "serviceaccount/default", f"--timeout={PATIENCE}")

    def install(self, *values: str, chart: Path = CHART) -> None:
        """Install or upgrade with ``--set-json`` values; returns when every pod is ready and no old one is left."""
        # Without --reset-values an upgrade that is given no values takes those of the version before.
        flags = ["--reset-values", "--wait", f"--timeout={PATIENCE}", *(f"--set-json={value}" for value in values)]
        if not self.first:
            flags.append("--take-ownership")
        self._described(
            lambda: self.cluster.helm("upgrade", "--install", self.name, str(chart), "-n", self.namespace, *flags)
        )
        self.await_settled()

    def roll_back(self) -> None:
        """To the values before."""
        self.cluster.helm("rollback", self.name, "-n", self.namespace, "--wait", f"--timeout={PATIENCE}")
        self.await_settled()

    def scale(self, replicas: int) -> None:
        """As ``kubectl scale`` does."""
        self.kubectl("scale", f"deployment/{self.fullname}", f"--replicas={replicas}")
        self.await_settled()

    def await_settled(self) -> None:
        """Every pod that is wanted is ready, and no other is left."""
        self._described(
            lambda: self.kubectl("rollout", "status", f"deployment/{self.fullname}", f"--timeout={PATIENCE}")
        )
        wanted = self.cluster.get(f"deployment/{self.fullname}", "-n", self.namespace)["spec"]["replicas"]
        wait_until(lambda: [is_ready(pod) for pod in self.pods()] == [True] * wanted, patience=120)

    def kubectl(self, *args: str, **more: Any) -> str:
        """In its namespace."""
        return self.cluster.kubectl("-n", self.namespace, *args, **more)

    def pods(self) -> list[dict[str, Any]]:
        """The product's pods, those that are ending among them."""
        label = f"app.kubernetes.io/instance={self.name}"
        return list(self.cluster.get("pods", "-n", self.namespace, "-l", label)["items"])

    def run_inside(self, pod: str, script: str) -> str:
        """What a Python script prints that runs in a pod of the product."""
        return self.kubectl("exec", pod, "--", "python", "-c", script)

    def create_key(self, name: str, *scopes: str) -> str:
        """As the README says; it is known to the operator a moment later."""
        flags = [f"--scope={scope}" for scope in scopes]
        told = (f"--namespace={self.namespace}", f"--kubeconfig={self.cluster.kubeconfig}")
        made = deploytrail("keys", "create", name, *flags, *told)
        assert made.returncode == 0, made.stderr
        self.secrets.append(made.stdout.strip())
        return made.stdout.strip()

    def revoke_key(self, name: str) -> None:
        """As the README says, too."""
        told = (f"--namespace={self.namespace}", f"--kubeconfig={self.cluster.kubeconfig}")
        done = deploytrail("keys", "revoke", name, *told)
        assert done.returncode == 0, done.stderr

    def remove(self) -> None:
        """Uninstall it, and everything in its namespace."""
        self.cluster.helm("uninstall", self.name, "-n", self.namespace, "--ignore-not-found")
        self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=false")

    @contextmanager
    def forwarded(self) -> Iterator[str]:
        """``kubectl port-forward`` to the Service; gives the URL on this machine."""
        command = [program("kubectl"), "-n", self.namespace, "port-forward", f"service/{self.fullname}", ":80"]
        with TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            server = Server(
                [str(each) for each in command], log, os.environ | {"KUBECONFIG": str(self.cluster.kubeconfig)}
            )
            server.start()
            try:
                yield f"http://127.0.0.1:{wait_until(lambda: _forwarded_port(server))}"
            finally:
                server.stop(kill=True)

    def examined(self) -> dict[str, list[str]]:
        """What the doctor says in the pod, asked as the notes say: the levels found, by check."""
        asked = ("deploytrail", "doctor", "-o", "json", "--timeout=30")  # a busy machine is not what is examined
        told = self.kubectl("exec", f"deployment/{self.fullname}", "--", *asked)
        found: dict[str, list[str]] = {}
        for each in json.loads(told):
            found.setdefault(each["check"], []).append(each["level"])
        return found

    def asked(self, key: str) -> list[dict[str, Any]]:
        """Every deployment that the read API shows."""
        with self.forwarded() as url:
            return deployments(url, key)

    def _described(self, act: Any) -> None:
        """Do it; when it fails, say what the pods say."""
        try:
            act()
        except CommandFailed as failed:
            pods = self.kubectl("get", "pods", "-o", "wide")
            events = self.kubectl("get", "events", "--sort-by=.lastTimestamp")
            logs = self.kubectl("logs", f"--selector=app.kubernetes.io/instance={self.name}", "--tail=20", "--prefix")
            raise AssertionError(f"{failed}\n{pods}\n{events[-3000:]}\n{logs}") from failed


def deployments(url: str, key: str) -> list[dict[str, Any]]:
    """Every deployment that the read API at this URL shows, page after page."""
    items: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 1000}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        while asked:
            page = wait_until(partial(_page, client, asked))
            items += page["items"]
            asked = {"limit": 1000, "cursor": page["next"]} if page["next"] else {}
    return items


def _page(client: httpx.Client, asked: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(DEPLOYMENTS, params=asked)
    assert answer.is_success, answer.text  # 503 says that one may ask again, and why
    return dict(answer.json())


def _forwarded_port(forward: Server) -> str | bool:
    forward.check()
    found = re.search(r"127\.0\.0\.1:(\d+) ->", forward.log.read_text())
    return found.group(1) if found else False


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether its Ready condition holds and it is not ending."""
    conditions = pod.get("status", {}).get("conditions", [])
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]
