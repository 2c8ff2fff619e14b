"""What is examined: the settings in force, the cluster, and whose rights count."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploytrail.doctor.looking import Installation, find_installations
from deploytrail.kube.client import Kube
from deploytrail.settings import Settings, load
from deploytrail.stores.factory import KUBERNETES


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that the checks may ask."""

    settings: Settings
    kube: Kube | None
    """None where neither records nor keys nor what is watched are in a cluster."""
    installation: Installation | None = None
    """The Deployment whose settings these are; None when it is our own environment that counts."""
    hidden: bool = False
    """Whether Deployments may not be seen by who asks, as by a pod of ours: then it asks about itself."""
    url: str = ""
    """Where the endpoint is; empty to find out."""
    store_in_reach: bool = True
    """Whether the database can be asked from here, and not only from the pods."""
    keys_in_reach: bool = True
    """The same of the file that keys are in: a path in a pod means nothing here."""

    @property
    def records_here(self) -> bool:
        """Whether records are kept in the cluster."""
        return self.settings.store.get_secret_value() == KUBERNETES

    @property
    def in_the_pod(self) -> str:
        """The command that has the pods say what cannot be seen from here."""
        name = self.installation.name if self.installation else "…"
        return f"kubectl exec --namespace {self.settings.namespace} deployment/{name} -- deploytrail doctor"

    @property
    def account(self) -> str | None:
        """Whose rights count, as ``namespace:name``; None: those of who asks."""
        return f"{self.installation.namespace}:{self.installation.account}" if self.installation else None


async def admit(flags: Mapping[str, Any], config: Path | None, own: Settings, kube: Kube | None, url: str) -> Patient:
    """The patient: what is installed in the namespace, where that can be seen, else what these settings would run."""
    if kube is None:
        return Patient(own, None, url=url)
    installations = await find_installations(kube, own.namespace)
    if not installations:
        return Patient(own, kube, hidden=installations is None, url=url)
    installation = installations[0]
    settings = load(flags, config, installation.told)
    told = installation.told
    in_reach = settings.store.get_secret_value() != told["DEPLOYTRAIL_STORE"]
    return Patient(
        settings,
        kube,
        installation,
        url=url,
        store_in_reach=in_reach or settings.store.get_secret_value() == KUBERNETES,
        keys_in_reach=settings.keys_file is None or str(settings.keys_file) != told.get("DEPLOYTRAIL_KEYS_FILE"),
    )
