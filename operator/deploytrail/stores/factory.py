"""The store that a setting names."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from deploytrail.errors import Misconfigured
from deploytrail.kube.client import BUILD_EVENTS, DEPLOYMENT_EVENTS, Kube
from deploytrail.record.dora.judging import Rules
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.stores.base import Store
from deploytrail.stores.kubernetes import KubernetesStore

if TYPE_CHECKING:
    from deploytrail.stores.sql.inspection import Inspected

KUBERNETES = "kubernetes"


def create_store(
    name: SecretStr,
    *,
    kube: Kube | None,
    namespace: str,
    watched: Collection[str] = (),
    replay_window: timedelta = REPLAY_WINDOW,
    rules: Rules | None = None,
) -> Store:
    """A store, not started yet. Its name may be a URL with a password, so that no error quotes it."""
    if name.get_secret_value() != KUBERNETES:
        return _sql(name.get_secret_value(), replay_window, rules)
    if kube is None:
        raise Misconfigured("the store kubernetes needs a cluster")
    return KubernetesStore(kube, namespace=namespace, watched=watched, replay_window=replay_window, rules=rules)


async def inspect_store(name: SecretStr) -> "Inspected | None":
    """See stores.sql.inspection.inspect."""
    from deploytrail.stores.sql.inspection import inspect

    return await inspect(name.get_secret_value())


async def newest_object(kube: Kube, namespace: str) -> datetime | None:
    """When the newest record in the namespace was first heard of, by the API server's clock."""
    created = [
        datetime.fromisoformat(metadata["creationTimestamp"])
        for kind in (DEPLOYMENT_EVENTS, BUILD_EVENTS)
        async for metadata in kube.metadata(kind, namespace)
    ]
    return max(created, default=None)


def _sql(url: str, replay_window: timedelta, rules: Rules | None) -> Store:
    # Here, because who keeps records in the cluster needs neither the time nor the memory that this takes.
    from deploytrail.stores.sql.database import database_of
    from deploytrail.stores.sql.store import SqlStore

    return SqlStore(database_of(url), replay_window=replay_window, rules=rules)
