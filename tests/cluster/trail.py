"""Deploytrail installed for tests: a release, an Argo CD namespace of its own, and replicas that are real processes."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

import yaml

from deploytrail.keys.model import Key, Scope, digest, new_key
from deploytrail.keys.secrets import to_secret
from tests.argocd.applications import ClusterApplications
from tests.controlplane.cluster import Cluster
from tests.operator_process import Operator, Release
from tests.waiting import wait_until

FAST = {"hold": "500ms", "settle": "3s", "deadline": "1m"}
"""Plays are time-lapsed, so the waits are, too."""

Verdict = tuple[str, bool, str, str | None]
"""status, counted, trigger, deployed by."""


class Trail:
    """Entered, it is installed; left, nothing of it is left behind."""

    def __init__(self, cluster: Cluster, folder: Path, **argocd: str) -> None:
        """``argocd`` are settings of its source instead of the fast ones."""
        self.cluster = cluster
        self._settings = FAST | argocd
        self.folder = folder
        self.replicas: list[Operator] = []
        self._secrets: list[str] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.namespace = self._namespace(stack, "deploytrail")
            self.argocd = self._namespace(stack, "argocd")
            self.release = Release(self.cluster, self.namespace, self.namespace)
            stack.callback(self.cluster.helm, "uninstall", self.namespace, "-n", self.namespace)
            watched = json.dumps(self._settings | {"namespaces": [self.argocd]})
            self.release.install("crds.install=false", f"argocd={watched}")
            self.key = self.create_key("ci", Scope.INGEST, Scope.READ)
            self.applications = stack.enter_context(ClusterApplications(self.cluster.kubeconfig, self.argocd))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()
        self._stack.close()

    def end(self) -> list[str]:
        """End the replicas, and tell what they did wrong: an exit code, or what must not stand in a log."""
        complaints = []
        while self.replicas:
            replica = self.replicas.pop()
            replica.thaw()
            code = replica.stop()
            complaints += [f"a replica ended with {code}"] if code else []
            complaints += read_log(replica.process.log.read_text(), self._secrets)
        return complaints

    @property
    def user(self) -> str:
        """Who the operator is to the API server."""
        return f"system:serviceaccount:{self.namespace}:{self.namespace}"

    def replica(self, **settings: str) -> Operator:
        """One more replica, not started yet; ``settings`` are variables besides the chart's."""
        folder = Path(mkdtemp(dir=self.folder))
        replica = self.release.operator(folder, settings, key=self.key)
        self.replicas.append(replica)
        self.guard(yaml.safe_load((folder / "kubeconfig").read_text())["users"][0]["user"]["token"])
        return replica

    def run(self) -> Operator:
        """One more replica, running."""
        replica = self.replica()
        self.start(replica)
        return replica

    def start(self, *replicas: Operator) -> None:
        """Start them at once; they are ready, know the key, and have noted since when they record."""
        for replica in replicas:
            replica.process.start()
        for replica in replicas:
            replica.start()
            wait_until(replica.deployments)
        wait_until(lambda: self.cluster.get("configmap/deploytrail-began", "-n", self.namespace))

    def create_key(self, name: str, *scopes: Scope) -> str:
        """A key, stored as ``deploytrail keys create`` stores it."""
        secret = new_key()
        self.guard(secret)
        key = Key(name=name, digest=digest(secret), scopes=frozenset(scopes), created_at=datetime.now(UTC))
        self.cluster.kubectl("create", "-n", self.namespace, "-f", "-", input=json.dumps(to_secret(key)))
        return secret

    def guard(self, secret: str) -> None:
        """Let it be a complaint when this stands in a log."""
        self._secrets.append(secret)

    def records(self, **labels: str) -> list[dict[str, Any]]:
        """The DeploymentEvents of the installation, as kubectl gets them."""
        chosen = ",".join(f"{name}={value}" for name, value in labels.items())
        return list(self.cluster.get("dep", "-n", self.namespace, f"--selector={chosen}")["items"])

    def _namespace(self, stack: ExitStack, prefix: str) -> str:
        name = self.cluster.create_namespace(prefix)
        stack.callback(self.cluster.delete_namespace, name)
        return name


def read_log(log: str, secrets: Iterable[str]) -> list[str]:
    """What is wrong with the lines of a log: one that is no JSON object, a secret, a stack trace, an error."""
    found = [f"a secret: {line}" for line in log.splitlines() for secret in secrets if secret in line]
    for line in log.splitlines():
        if not line.startswith("{"):
            found.append(f"no JSON: {line}")
            continue
        event = json.loads(line)
        if event["level"] in ("error", "critical") or "Traceback" in line:
            found.append(f"an error: {line}")
    return found


def verdicts(items: Iterable[dict[str, Any]]) -> Counter[Verdict]:
    """What was found about some deployments, as the read API shows them."""
    return Counter((item["status"], item["counted"], item["trigger"], item["deployed_by"]) for item in items)
