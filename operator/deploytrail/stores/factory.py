"""The store that a setting names."""

from datetime import timedelta

from deploytrail.errors import Misconfigured
from deploytrail.kube.client import Kube
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore


def create_store(name: str, *, kube: Kube | None, namespace: str, replay_window: timedelta = REPLAY_WINDOW) -> Store:
    """A store, not started yet."""
    match name:
        case "kubernetes" if kube is not None:
            return KubernetesStore(kube, namespace=namespace, replay_window=replay_window)
        case _:
            raise Misconfigured(f"there is no store {name!r}: use kubernetes")
