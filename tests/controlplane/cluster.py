"""What a test may ask of a cluster, whichever it is: kubectl, Helm, tokens, namespaces."""

import base64
import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.build import program
from tests.waiting import wait_until


class CommandFailed(Exception):
    """kubectl or helm refused; the message is the command and all that it printed."""


class Cluster:
    """A cluster, known by its administrator's kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    @property
    def url(self) -> str:
        """The address of the API server."""
        return str(self._connection["server"])

    @property
    def ca(self) -> str:
        """The certificate authority that clients trust, as PEM text."""
        return base64.b64decode(self._connection["certificate-authority-data"]).decode()

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - as in subprocess
        """Run kubectl as administrator and return what it prints; raises CommandFailed."""
        return self._run("kubectl", *args, stdin=input)

    def helm(self, *args: str, input: str | None = None) -> str:  # noqa: A002
        """Run helm as administrator and return what it prints; raises CommandFailed."""
        return self._run("helm", *args, stdin=input)

    def answers(self, *args: str) -> bool:
        """Whether kubectl does that without an error."""
        try:
            self.kubectl(*args)
        except CommandFailed:
            return False
        return True

    def get(self, *args: str) -> dict[str, Any]:
        """``kubectl get ARGS`` as an object."""
        return dict(json.loads(self.kubectl("get", *args, "--output=json")))

    def token(self, namespace: str, service_account: str, *, hours: int = 24) -> str:
        """A fresh token of a ServiceAccount that exists (TokenRequest)."""
        return self.kubectl("create", "token", service_account, "-n", namespace, f"--duration={hours}h").strip()

    def write_kubeconfig(self, path: Path, token: str, namespace: str = "default") -> Path:
        """A kubeconfig for whoever holds the token, with everything inside the one file."""
        return write_kubeconfig(path, url=self.url, ca=self.ca, token=token, namespace=namespace)

    def create_namespace(self, prefix: str = "test") -> str:
        """A new namespace with a name of its own."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        return name

    def delete_namespace(self, name: str) -> None:
        """Delete the namespace with everything in it; returns when it is gone."""
        self.kubectl("delete", "namespace", name, "--timeout=120s")

    def delete_crds(self, *which: str) -> None:
        """Delete CustomResourceDefinitions, by names or ``--selector``; returns when they are gone with all objects."""
        self.kubectl("delete", "crd", *which, "--ignore-not-found", "--wait=false")
        self.await_crds_gone(*which)

    def await_crds_gone(self, *which: str) -> None:
        """Wait for the end of CustomResourceDefinitions that are being deleted.

        One that is deleted soon after it was made may be left lying until the API server's next round, five minutes
        later: its finalizer gives way to other writers and counts on one more change. So there is one.
        """

        def gone() -> bool:
            left = self.kubectl("get", "crd", *which, "--ignore-not-found", "--output=name").split()
            if left:
                self.kubectl("annotate", *left, "--overwrite", f"example.com/reminder={uuid.uuid4().hex}")
            return not left

        wait_until(gone)

    @property
    def _connection(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"])

    def _run(self, name: str, *args: str, stdin: str | None) -> str:
        # Caches and settings of both programs stay beside the kubeconfig: the user's own are neither read nor written.
        home = str(self.kubeconfig.absolute().parent / "home")
        foreign = ("HELM_", "KUBE", "XDG_")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        environment |= {"KUBECONFIG": str(self.kubeconfig), "HOME": home}
        done = subprocess.run([program(name), *args], input=stdin, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise CommandFailed(f"{name} {' '.join(args)}: {(done.stderr + done.stdout).strip()}")
        return done.stdout


def write_kubeconfig(path: Path, *, url: str, ca: str, token: str, namespace: str) -> Path:
    """Write a kubeconfig with one context, readable by its owner alone."""
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(ca.encode()).decode()}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "local",
        "clusters": [{"name": "local", "cluster": cluster}],
        "users": [{"name": "local", "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local", "namespace": namespace}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path
