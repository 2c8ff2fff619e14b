"""What the programs of a node are told: their command lines, and the files they read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.node.images import PAUSE

ADDRESS = "10.244.0.1"
"""Of the node in its own network; the gateway of its pods."""
POD_NETWORK, SERVICE_NETWORK = "10.244.0.0/24", "10.96.0.0/24"
API_PORT = 6443
NAME = "node1"

VOLUMES = 2
"""As many as there are claims in all the tests: nobody here provides more, and none is used twice."""

USERS = {
    "admin": "system:masters",
    "kubelet": "system:nodes",
    "controller-manager": "",
    "scheduler": "",
    "proxy": "",
}
"""Who speaks to the API server, and the group they are in."""


@dataclass(frozen=True)
class Place:
    """Where one node keeps its things, and what it is allowed to use."""

    folder: Path
    cgroup: str
    snapshotter: str
    """How containerd lays images over one another: overlayfs, or native where no overlay can be."""

    @property
    def kubelet(self) -> Path:
        """Where kubelet mounts what pods use."""
        return self.folder / "kubelet"

    @property
    def volumes(self) -> list[Path]:
        """What outlives pods."""
        return [self.folder / f"volume-{number}" for number in range(VOLUMES)]

    def kubeconfig(self, user: str) -> Path:
        """The kubeconfig of one of the users, inside the node's network."""
        return self.folder / f"{user}.kubeconfig"


def user_name(user: str) -> str:
    """Who a user is to the API server: RBAC has roles for these names."""
    names = {"admin": "admin", "kubelet": f"system:node:{NAME}", "proxy": "system:kube-proxy"}
    return names.get(user, f"system:kube-{user}")


def write(place: Place) -> None:
    """Every file but the kubeconfigs, which need the API server's certificate."""
    folder = place.folder
    (folder / "containerd.toml").write_text(_containerd(place))
    (folder / "kubelet.yaml").write_text(yaml.safe_dump(_kubelet(place)))
    (folder / "proxy.yaml").write_text(yaml.safe_dump(_proxy(place)))
    (folder / "Corefile").write_text(_corefile(place))
    (folder / "cni").mkdir()
    (folder / "cni/10-node.conflist").write_text(json.dumps(_cni()))


def etcd(place: Place) -> list[str]:
    """One member on the node's loopback."""
    client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
    return [
        f"--data-dir={place.folder}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(place: Place) -> list[str]:
    """It makes its certificate itself; that key signs ServiceAccounts' tokens, too (see tests/controlplane)."""
    certificates = place.folder / "certificates"
    key = certificates / "apiserver.key"
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        f"--advertise-address={ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--cert-dir={certificates}",
        f"--token-auth-file={place.folder}/tokens.csv",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP",  # else exec and logs look the node's name up in DNS
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--profiling=false",
    ]


def controller_manager(place: Place) -> list[str]:
    """Every controller, each with the rights of its own."""
    return [
        f"--kubeconfig={place.kubeconfig('controller-manager')}",
        f"--root-ca-file={place.folder}/ca.crt",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        # The only node is not given up, nor its pods taken out of Services, because the API server was away.
        "--node-monitor-grace-period=10m",
    ]


def scheduler(place: Place) -> list[str]:
    """Of one node, but it refuses pods that ask for too much."""
    return [
        f"--kubeconfig={place.kubeconfig('scheduler')}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    ]


def kubelet(place: Place) -> list[str]:
    """See kubelet.yaml."""
    return [
        f"--config={place.folder}/kubelet.yaml",
        f"--kubeconfig={place.kubeconfig('kubelet')}",
        f"--root-dir={place.kubelet}",
        f"--hostname-override={NAME}",
        f"--node-ip={ADDRESS}",
    ]


def volumes(place: Place) -> list[dict[str, Any]]:
    """PersistentVolumes, each for one claim."""
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}]}
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteOnce"],
        "nodeAffinity": {"required": {"nodeSelectorTerms": [here]}},
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": folder.name},
            "spec": spec | {"local": {"path": str(folder)}},
        }
        for folder in place.volumes
    ]


def _containerd(place: Place) -> str:
    return f"""\
version = 3
root = "{place.folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "{place.snapshotter}"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true   # without CAP_SYS_RESOURCE none below our own can be set
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "{place.folder}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
BinaryName = "runc"
SystemdCgroup = false
"""


def _kubelet(place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        # Only this node's network reaches it, and the API server then needs no certificate to ask for logs.
        "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
        "authorization": {"mode": "AlwaysAllow"},
        "tlsCertFile": f"{place.folder}/certificates/apiserver.crt",
        "tlsPrivateKeyFile": f"{place.folder}/certificates/apiserver.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "podLogsDir": "/var/log/pods",
        "makeIPTablesUtilChains": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # One node with few pods: what is usual would make every test wait.
        "syncFrequency": "10s",
        "serializeImagePulls": False,
    }


def _proxy(place: Place) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(place.kubeconfig("proxy"))},
        "mode": "nftables",
        "clusterCIDR": POD_NETWORK,
        "hostnameOverride": NAME,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # Settings of the whole machine: left as they are.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def _cni() -> dict[str, Any]:
    addresses = {
        "type": "host-local",
        "dataDir": "/run/cni",
        "ranges": [[{"subnet": POD_NETWORK, "rangeStart": "10.244.0.10"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    return {"cniVersion": "1.0.0", "name": "node", "plugins": [bridge]}


def _corefile(place: Place) -> str:
    return f"""\
.:53 {{
    bind {ADDRESS}
    errors
    cache 5
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {place.kubeconfig("admin")} local
    }}
}}
"""
