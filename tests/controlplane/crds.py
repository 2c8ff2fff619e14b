"""Our kinds on an API server."""

from deploytrail.kube.crds import as_yaml, crds
from tests.controlplane.cluster import Cluster


def install_crds(cluster: Cluster) -> None:
    """Have it know them; returns when it does."""
    for definition in crds():
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=as_yaml(definition))
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{definition['metadata']['name']}")
