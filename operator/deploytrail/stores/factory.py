"""The store that a setting names."""

from deploytrail.errors import Misconfigured
from deploytrail.kube.client import Kube
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore


def create_store(name: str, *, kube: Kube | None, namespace: str) -> Store:
    """A store, not started yet."""
    match name:
        case "kubernetes" if kube is not None:
            return KubernetesStore(kube, namespace=namespace)
        case _:
            raise Misconfigured(f"there is no store {name!r}: use kubernetes")
