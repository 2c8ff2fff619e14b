"""What the demo plays on: a control plane, the chart, and the operator as the chart would run it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import httpx

from tests.argocd.applications import CRD, ClusterApplications
from tests.controlplane.server import ControlPlane
from tests.demo.screen import Screen
from tests.waiting import wait_until

NAMESPACE = "deploytrail"
CHART = "charts/deploytrail"
FASTER = {
    "DEPLOYTRAIL_ARGOCD_HOLD": "1s",
    "DEPLOYTRAIL_ARGOCD_SETTLE": "2s",
    "DEPLOYTRAIL_ARGOCD_DEADLINE": "1m",
    "DEPLOYTRAIL_LOG_FORMAT": "json",
}
"""The plays are time-lapsed, so the waits are, too."""


class Stage:
    """Everything that runs during the demo; gone when it is over."""

    def __init__(self, screen: Screen, *, port: int) -> None:
        self._screen, self._port = screen, port
        self._stack = ExitStack()
        self.url = ""
        self.key = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="deploytrail-demo-")))
            self._screen.heading("A control plane of its own (built once, then cached)")
            self.cluster = stack.enter_context(ControlPlane())
            self._screen.say(f"  kube-apiserver and etcd run at {self.cluster.url}")
            self._install()
            self._operator = stack.enter_context(self._run())
            self.key = self._create_key()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def wait(self) -> None:
        """Until the operator ends, which Ctrl-C makes it do."""
        self._operator.wait()

    def applications(self) -> ClusterApplications:
        """Argo CD's namespace, to be played in."""
        return ClusterApplications(self.cluster.kubeconfig, "argocd")

    def deployments(self) -> list[dict[str, Any]]:
        """What the read API shows."""
        answer = httpx.get(f"{self.url}/api/v1/deployments", headers={"Authorization": f"Bearer {self.key}"})
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def _install(self) -> None:
        self.cluster.kubectl("create", "namespace", "argocd")
        self.cluster.kubectl("apply", "-f", str(CRD))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/applications.argoproj.io")
        command = f"helm install deploytrail {CHART} --namespace {NAMESPACE} --create-namespace"
        self._screen.command(command, self.cluster.helm(*command.split()[1:]))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/deploymentevents.deploytrail.dev")

    @contextlib.contextmanager
    def _run(self) -> Iterator[subprocess.Popen[bytes]]:
        """The operator with the chart's settings and its ServiceAccount's token: there is no kubelet to run pods."""
        token = self.cluster.token(NAMESPACE, "deploytrail")
        kubeconfig = self.cluster.write_kubeconfig(self._folder / "kubeconfig", token, NAMESPACE)
        log = self._folder / "operator.log"
        settings = (
            self._chart_settings()
            | FASTER
            | {
                "DEPLOYTRAIL_KUBECONFIG": str(kubeconfig),
                "DEPLOYTRAIL_NAMESPACE": NAMESPACE,
                "DEPLOYTRAIL_LISTEN": f"127.0.0.1:{self._port}",
            }
        )
        command = [sys.executable, "-m", "deploytrail", "run"]
        with log.open("wb") as written, subprocess.Popen(command, env=os.environ | settings, stderr=written) as process:
            try:
                self.url = f"http://127.0.0.1:{wait_until(lambda: _port(log, process))}"
                wait_until(lambda: httpx.get(f"{self.url}/readyz").raise_for_status())
                self._screen.say(f"  The operator runs with the token of the chart's ServiceAccount, at {self.url}")
                yield process
            finally:
                process.terminate()

    def _chart_settings(self) -> dict[str, str]:
        deployment = self.cluster.get("deployment", "deploytrail", "-n", NAMESPACE)
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        return {each["name"]: each["value"] for each in container["env"] if "value" in each}

    def _create_key(self) -> str:
        command = f"deploytrail keys create demo --scope ingest --scope read --namespace {NAMESPACE}"
        made = subprocess.run(
            [sys.executable, "-m", *command.split(), "--kubeconfig", str(self.cluster.kubeconfig)],
            check=True,
            capture_output=True,
            text=True,
        )
        self._screen.command(command, made.stderr + made.stdout)
        key = made.stdout.strip()
        bearer = {"Authorization": f"Bearer {key}"}
        wait_until(lambda: httpx.get(f"{self.url}/api/v1/deployments", headers=bearer).raise_for_status())
        return key


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    if process.poll() is not None:
        raise SystemExit(f"The operator ended at once:\n{log.read_text()}")
    started = next(line for line in log.read_text().splitlines() if '"started"' in line)
    return int(json.loads(started)["port"])
