"""What the demo plays on: a control plane, the chart, and the operator as the chart would run it."""

import os
import sys
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tests.argocd.applications import CRD, ClusterApplications
from tests.controlplane.server import ControlPlane
from tests.demo.screen import Screen
from tests.operator_process import DEPLOYMENTS, Release, deploytrail
from tests.waiting import wait_until

NAMESPACE = "deploytrail"
CHART = "charts/deploytrail"
FASTER = {
    "DEPLOYTRAIL_ARGOCD_HOLD": "1s",
    "DEPLOYTRAIL_ARGOCD_SETTLE": "2s",
    "DEPLOYTRAIL_ARGOCD_DEADLINE": "1m",
}
"""The plays are time-lapsed, so the waits are, too."""


class Stage:
    """Everything that runs during the demo; gone when it is over."""

    def __init__(self, screen: Screen, *, port: int) -> None:
        self._screen, self._port = screen, port
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="deploytrail-demo-")))
            self._screen.heading("A control plane of its own (built once, then cached)")
            self.cluster = stack.enter_context(ControlPlane())
            self._screen.say(f"  kube-apiserver and etcd run at {self.cluster.url}")
            self._install()
            release = Release(self.cluster, NAMESPACE, NAMESPACE)
            self._operator = stack.enter_context(release.operator(self._folder, FASTER, port=self._port))
            self._screen.say(f"  The operator runs with the token of the chart's ServiceAccount, at {self.url}")
            self._operator.key = self._create_key()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """Where the operator answers."""
        return self._operator.url

    @property
    def key(self) -> str:
        """What it is asked and told with."""
        return self._operator.key

    def show_page(self) -> bool:
        """Open the page in the viewer's own browser, where there is one on a screen; whether there is."""
        graphical = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
        return graphical and webbrowser.open(self.url)

    def wait(self) -> None:
        """Until the operator ends, which Ctrl-C makes it do."""
        self._operator.process.wait()

    def applications(self) -> ClusterApplications:
        """Argo CD's namespace, to be played in."""
        return ClusterApplications(self.cluster.kubeconfig, "argocd")

    def deployments(self) -> list[dict[str, Any]]:
        """What the read API shows."""
        return self._operator.deployments()

    def _install(self) -> None:
        self.cluster.kubectl("create", "namespace", "argocd")
        self.cluster.kubectl("apply", "-f", str(CRD))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/applications.argoproj.io")
        command = f"helm install deploytrail {CHART} --namespace {NAMESPACE} --create-namespace"
        self._screen.command(command, self.cluster.helm(*command.split()[1:]))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/deploymentevents.deploytrail.dev")

    def _create_key(self) -> str:
        command = f"deploytrail keys create demo --scope ingest --scope read --namespace {NAMESPACE}"
        made = deploytrail(*command.split()[1:], f"--kubeconfig={self.cluster.kubeconfig}")
        made.check_returncode()
        self._screen.command(command, made.stderr + made.stdout)
        key = made.stdout.strip()
        wait_until(lambda: self._operator.get(DEPLOYMENTS, key=key).raise_for_status())
        return key
