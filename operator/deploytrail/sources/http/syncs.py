"""How a hook that runs within a sync of Argo CD's says so, over an API that has no words for it."""

from collections.abc import Mapping
from typing import Any

from deploytrail.mapping.lenient import text
from deploytrail.record.model import Sync

SYSTEM = "argocd"
"""What such a hook calls the system it runs in, where an API asks for one."""


def named_sync(metadata: Mapping[str, Any]) -> Sync | None:
    """The sync of the Application that the metadata names: ``argocd_app``, and more closely ``argocd_namespace``,
    ``argocd_revision``."""
    application = text(metadata.get("argocd_app"))
    if application is None:
        return None
    return Sync(
        application=application,
        namespace=text(metadata.get("argocd_namespace")),
        revision=text(metadata.get("argocd_revision")),
    )
