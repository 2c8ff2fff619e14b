"""What a control plane and a node are made of, and the folders their programs are kept in."""

import hashlib
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Part:
    """One program, and the Go module that pins it."""

    name: str
    package: str
    folder: Path
    usually: str
    """How long a build takes on two cores with empty caches; far less when Go's cache is warm."""
    tags: str = ""
    """Go build tags."""

    def pinned(self, module: str) -> str:
        """The version of ``module`` in this part's go.mod, as ``v1.2.3``."""
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", self.go_mod, re.MULTILINE)
        if found is None:
            raise LookupError(f"{self.folder / 'go.mod'} does not pin {module}")
        return found.group(1)

    @property
    def go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def ldflags(self) -> str:
        """Without its version an API server says v0.0.0, which kubectl and a chart's kubeVersion refuse."""
        if not self.package.startswith("k8s.io/"):
            return "-s -w"
        version = self.pinned("k8s.io/kubernetes")
        major, minor = version.removeprefix("v").split(".")[:2]
        at = "k8s.io/component-base/version"
        return f"-s -w -X {at}.gitVersion={version} -X {at}.gitMajor={major} -X {at}.gitMinor={minor}"

    @property
    def target(self) -> Path:
        """Where it is kept once it is built, beside the others of its module: other pins, other folder."""
        pins = hashlib.sha256()
        for file in sorted(self.folder.iterdir()):
            if file.name in ("go.mod", "go.sum") or file.suffix == ".go":
                pins.update(file.read_bytes())
        machine = MACHINES.get(platform.machine(), platform.machine())
        return cache_folder() / f"{pins.hexdigest()[:16]}-{platform.system().lower()}-{machine}" / self.name


CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl", "helm")
"""What an API server without nodes takes, and who speaks to it."""

NODE = (
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "coredns",
    "pause",
)
"""What it takes besides to run pods (tests/node)."""

TEMPLATE = "notifications-template"
"""Renders what Argo CD's notifications send (tests/argocd)."""

_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_SMALL = "no_btrfs no_zfs no_devmapper"

PARTS = {
    part.name: part
    for part in (
        Part("etcd", "go.etcd.io/etcd/server/v3", HERE, "35 s"),
        Part("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", HERE, "2 min 20 s"),
        Part("kubectl", "k8s.io/kubernetes/cmd/kubectl", HERE, "20 s"),
        Part("helm", "helm.sh/helm/v4/cmd/helm", HERE / "helm", "1 min 30 s"),
        Part("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", HERE, "1 min"),
        Part("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", HERE, "20 s"),
        Part("kubelet", "k8s.io/kubernetes/cmd/kubelet", HERE, "1 min"),
        Part("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy", HERE, "20 s"),
        Part("containerd", f"{_CONTAINERD}/containerd", HERE.parent / "node/containerd", "1 min 30 s", _SMALL),
        Part(
            "containerd-shim-runc-v2",
            f"{_CONTAINERD}/containerd-shim-runc-v2",
            HERE.parent / "node/containerd",
            "10 s",
            _SMALL,
        ),
        Part("ctr", f"{_CONTAINERD}/ctr", HERE.parent / "node/containerd", "20 s", _SMALL),
        Part("coredns", ".", HERE.parent / "node/coredns", "40 s"),
        Part("pause", ".", HERE.parent / "node/pause", "2 s"),
        Part("notifications-template", ".", HERE.parent / "argocd/template", "10 s"),
    )
}


def cache_folder() -> Path:
    """``~/.cache/deploytrail/controlplane``, or below ``$XDG_CACHE_HOME``."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "deploytrail" / "controlplane"
