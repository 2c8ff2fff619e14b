"""etcd and kube-apiserver on loopback: a real API server without Docker, ready in seconds.

No kubelet and no controllers, so there are no pods, nothing collects garbage, and namespaces are emptied by hand.
"""

import base64
import json
import secrets
import shutil
import signal
import ssl
import tempfile
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from tests.controlplane.arguments import apiserver_command, etcd_command
from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, write_kubeconfig
from tests.controlplane.processes import Server, free_port

READY_WITHIN = 60.0
"""Seconds; two are usual, but a busy machine with a cold disk may take many more."""

WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
"""The audited verbs that change something."""


class ControlPlane(Cluster):
    """A Kubernetes API of our own, gone without a trace when it is stopped.

    ``fsync=True`` lets etcd wait for the disk, as production does; without it only a power cut loses anything.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="controlplane-"))
        super().__init__(self._folder / "admin.kubeconfig")
        self.admin_token = secrets.token_urlsafe(24)
        self.audit_log = self._folder / "audit.log"
        self._port = free_port()
        etcd_url, peer_url = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        etcd = etcd_command(program("etcd"), self._folder, etcd_url, peer_url, fsync=fsync)
        api = apiserver_command(program("kube-apiserver"), self._folder, etcd_url, self._port, self.admin_token)
        self._etcd_url = etcd_url
        self._etcd = Server(etcd, self._folder / "etcd.log")
        self._api = Server(api, self._folder / "kube-apiserver.log")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start both and return when the API server is ready; ``kubeconfig`` is the administrator's."""
        try:
            self._etcd.start()
            self.start_api()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End both at once and remove what they have written."""
        self._api.stop(kill=True)
        self._etcd.stop(kill=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def stop_api(self, *, kill: bool = False) -> None:
        """Take the API server away, politely or not, while etcd lives on."""
        self._api.stop(kill=kill)

    def kill_etcd(self) -> None:
        """SIGKILL for etcd, while the API server lives on without it."""
        self._etcd.stop(kill=True)

    def start_etcd(self) -> None:
        """Have etcd back with its data; the API server finds it by itself."""
        self._etcd.start()

    def start_api(self) -> None:
        """Have the API server back, on the same port with the same certificate, and wait until it is ready."""
        self._api.start()
        deadline = time.monotonic() + READY_WITHIN
        while not self._ready():
            self._etcd.check()
            self._api.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"kube-apiserver is not ready after {READY_WITHIN:.0f} s:\n{self._api.last_lines()}")
            time.sleep(0.05)
        address = f"https://127.0.0.1:{self._port}"
        write_kubeconfig(self.kubeconfig, url=address, ca=self._own_ca(), token=self.admin_token, namespace="default")

    def freeze_api(self) -> None:
        """Let the API server hang: it takes connections and answers nothing until ``thaw_api``."""
        self._api.send(signal.SIGSTOP)

    def thaw_api(self) -> None:
        """See freeze_api."""
        self._api.send(signal.SIGCONT)

    def compact(self) -> None:
        """Have etcd forget every version but the newest: who watches from an older one is told to list again."""
        newest = self._ask_etcd("range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
        self._ask_etcd("compaction", {"revision": newest, "physical": True})

    def audited(self, resource: str, verbs: frozenset[str] = WRITING) -> list[dict[str, Any]]:
        """The audit entries for a resource such as ``applications``, oldest first.

        An entry is written when its request has been answered, so the newest may come a moment later.
        """
        entries = (json.loads(line) for line in self.audit_log.read_text().splitlines())
        return [e for e in entries if e["verb"] in verbs and e.get("objectRef", {}).get("resource") == resource]

    def delete_namespace(self, name: str) -> None:
        """Empty the namespace and remove it: the controllers' work, done by hand."""
        kinds = ",".join(
            self.kubectl("api-resources", "--namespaced", "--verbs=list,delete,patch", "--output=name").split()
        )
        self.kubectl("delete", kinds, "--all", "-n", name, "--wait=false")
        for left in self.get(kinds, "-n", name)["items"]:
            if left["metadata"].get("finalizers"):
                one = f"{left['kind']}/{left['metadata']['name']}"
                self.kubectl("patch", one, "-n", name, "--type=merge", "--patch", '{"metadata":{"finalizers":null}}')
        self.kubectl("delete", "namespace", name, "--wait=false")
        emptied = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {"finalizers": []}}
        self.kubectl("replace", "--raw", f"/api/v1/namespaces/{name}/finalize", "-f", "-", input=json.dumps(emptied))

    def _ask_etcd(self, what: str, question: dict[str, Any]) -> dict[str, Any]:
        """Through etcd's JSON gateway, which needs no client of its own."""
        ask = urllib.request.Request(f"{self._etcd_url}/v3/kv/{what}", json.dumps(question).encode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ask, timeout=10) as answer:
            return dict(json.load(answer))

    def _own_ca(self) -> str:
        """The last of the chain that the API server has made for itself."""
        chain = (self._folder / "certificates" / "apiserver.crt").read_text()
        return chain[chain.rindex("-----BEGIN") :]

    def _ready(self) -> bool:
        ask = urllib.request.Request(f"https://127.0.0.1:{self._port}/readyz")
        ask.add_header("Authorization", f"Bearer {self.admin_token}")
        try:
            trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=self._own_ca()))
            with urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted).open(ask, timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except (OSError, ValueError):
            # Not listening yet, not ready yet, or not even a certificate yet.
            return False
