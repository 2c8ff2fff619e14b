"""One real Kubernetes node: pods run here, from packages, in namespaces of their own, and are gone without a trace.

The machine's network, rules, mounts and ports stay untouched. Ending one process ends everything.
"""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.controlplane.build import program
from tests.controlplane.cluster import Cluster, write_kubeconfig
from tests.controlplane.parts import CONTROL_PLANE, NODE
from tests.controlplane.processes import Server, free_port
from tests.node import cgroups, configuration, machine
from tests.node.configuration import ADDRESS, API_PORT, NAME, USERS, Place, user_name
from tests.node.images import Images
from tests.node.pods import as_json
from tests.node.sources import Source

PATIENCE = 120.0
"""Seconds for each step of the start; all of them together take ten on a free machine."""


class Node(Cluster):
    """A cluster of one node. Its administrator's kubeconfig works on the machine outside."""

    def __init__(self) -> None:
        name = f"{machine.PREFIX}{os.getpid()}"
        folder = machine.FOLDERS / name
        kind = "overlayfs" if machine.overlays(machine.FOLDERS) else "native"
        self._place = Place(folder, f"{cgroups.PREFIX}{os.getpid()}", kind)
        self._images = Images()
        self._servers: dict[str, Server] = {}
        super().__init__(folder / "outside.kubeconfig")

    def __enter__(self) -> Self:
        for each in (*CONTROL_PLANE, *NODE):  # now, where it can be seen
            program(each)
        pause = self._images.pause()
        try:
            self._start()
            self._load(pause)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop()

    def load_product(self, source: Source) -> None:
        """Have the image of a version of the product; it is built where it is not there yet."""
        self._load(self._images.product(source))

    def load_tools(self, source: Source) -> None:
        """The same for what tests put beside it."""
        self._load(self._images.tools(source))

    @contextmanager
    def api_away(self) -> Iterator[None]:
        """The API server is killed, and started again in the end.

        Elsewhere the controllers lose their lease meanwhile, end, and are started again by kubelet. Ours have none:
        left alone they ask for the API server after pauses of up to a minute.
        """
        controllers = [self._servers[name] for name in ("kube-controller-manager", "kube-scheduler")]
        self._servers["kube-apiserver"].stop(kill=True)
        for each in controllers:
            each.stop(kill=True)
        try:
            yield
        finally:
            self._servers["kube-apiserver"].start()
            self._await(self._api_ready, "kube-apiserver")
            for each in controllers:
                each.start()

    def _load(self, archive: Path) -> None:
        ctr = [program("ctr"), "-a", "/run/containerd/containerd.sock", "-n", "k8s.io", "images", "import"]
        self._inside(*ctr, f"--snapshotter={self._place.snapshotter}", archive)

    def _start(self) -> None:
        folder = self._place.folder
        folder.mkdir()
        (folder / "log").mkdir()
        cgroups.create(self._place.cgroup)
        configuration.write(self._place)
        told = {"NODE": NAME, "ADDRESS": ADDRESS, "STATE": str(self._place.kubelet)}
        apart = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--propagation=private"]
        self._serve("namespaces", ["unshare", *apart, f"--wd={folder}", Path(__file__).parent / "inside"], told)
        self._await((folder / "up").exists, "namespaces")
        self._start_api()
        self._serve_in_network("kube-controller-manager", configuration.controller_manager(self._place))
        self._serve_in_network("kube-scheduler", configuration.scheduler(self._place))
        self._serve_in_network("coredns", ["-conf", f"{folder}/Corefile"])
        self._serve_inside("containerd", ["-c", f"{folder}/containerd.toml"])
        self._await(self._containerd_ready, "containerd")
        self._serve_inside("kubelet", configuration.kubelet(self._place))
        self._serve_inside("kube-proxy", [f"--config={folder}/proxy.yaml"])
        self._await(self._node_ready, "kubelet")
        for folder in self._place.volumes:
            folder.mkdir()
        self.kubectl("create", "-f", "-", input=as_json(*configuration.volumes(self._place)))

    def _start_api(self) -> None:
        folder = self._place.folder
        tokens = {user: secrets.token_urlsafe(24) for user in USERS}
        lines = [f'{tokens[user]},{user_name(user)},{user},"{group}"' for user, group in USERS.items()]
        (folder / "tokens.csv").touch(mode=0o600)
        (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        self._serve_in_network("etcd", configuration.etcd(self._place))
        self._serve_in_network("kube-apiserver", configuration.apiserver(self._place))
        certificate = folder / "certificates/apiserver.crt"
        self._await(lambda: certificate.exists() and certificate.read_text().count("-----END") > 1, "kube-apiserver")
        chain = certificate.read_text()
        ca = chain[chain.rindex("-----BEGIN") :]
        (folder / "ca.crt").write_text(ca)
        port = self._forward()
        outside, inside = f"https://localhost:{port}", f"https://{ADDRESS}:{API_PORT}"
        write_kubeconfig(self.kubeconfig, url=outside, ca=ca, token=tokens["admin"], namespace="default")
        for user, token in tokens.items():
            write_kubeconfig(self._place.kubeconfig(user), url=inside, ca=ca, token=token, namespace="default")
        self._await(self._api_ready, "kube-apiserver")

    def _forward(self) -> int:
        """A port of the machine's own loopback that leads to the API server; a Unix socket crosses networks."""
        port, path = free_port(), self._place.folder / "api.sock"
        network = self._network()
        near = ["socat", f"UNIX-LISTEN:{path},fork,mode=600", f"TCP:{ADDRESS}:{API_PORT}"]
        self._serve("forward-inside", ["nsenter", network, *near])
        self._serve("forward", ["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"UNIX-CONNECT:{path}"])
        return port

    def _stop(self) -> None:
        for server in reversed(self._servers.values()):
            server.stop(kill=True)
        try:
            cgroups.remove(self._place.cgroup)
        finally:
            shutil.rmtree(self._place.folder)

    def _serve_in_network(self, name: str, arguments: list[str]) -> None:
        """A program of the control plane: of the node it needs the network alone."""
        self._serve(name, ["nsenter", self._network(), program(name), *arguments])

    def _serve_inside(self, name: str, arguments: list[str]) -> None:
        """A program of the node itself, which ends with the node."""
        path = f"{program('containerd').parent}:{os.environ['PATH']}:/usr/sbin:/sbin"
        self._serve(name, [*self._enter(), program(name), *arguments], {"PATH": path})

    def _serve(self, name: str, command: list[object], told: dict[str, str] | None = None) -> None:
        found = shutil.which(str(command[0]), path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        assert found is not None, f"there is no {command[0]}"
        log = self._place.folder / f"log/{name}.log"
        self._servers[name] = Server([found, *map(str, command[1:])], log, os.environ | (told or {}))
        self._servers[name].start()

    def _inside(self, *command: object) -> None:
        done = subprocess.run([*self._enter(), *map(str, command)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._first()}", "--mount", "--net", "--pid", "--uts", "--ipc"]

    def _network(self) -> str:
        return f"--net=/proc/{self._first()}/ns/net"

    def _first(self) -> int:
        """The node's PID 1, as the machine knows it."""
        unshare = self._servers["namespaces"].pid
        return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text())

    def _await(self, condition: Callable[[], object], name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self._servers[name].check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is not ready:\n{self._servers[name].last_lines()}")
            time.sleep(0.05)

    def _api_ready(self) -> bool:
        return self.answers("get", "--raw", "/readyz")

    def _containerd_ready(self) -> bool:
        return Path(f"/proc/{self._first()}/root/run/containerd/containerd.sock").exists()

    def _node_ready(self) -> bool:
        return self.answers("wait", "--for=condition=Ready", f"node/{NAME}", "--timeout=1s")
