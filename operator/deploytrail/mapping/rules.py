"""Which environment an Application deploys to and where its page is: what an installation can configure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rules:
    """Asked in this order, after the Application's own annotation and label. Patterns are those of a shell: ``*-prod``."""

    clusters: Mapping[str, str] = field(default_factory=dict)
    """destination.name or destination.server → environment."""
    projects: Mapping[str, str] = field(default_factory=dict)
    """spec.project → environment."""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """destination.namespace → environment."""
    ui: str | None = None
    """Base URL of Argo CD's pages, with its root path; None leaves the link out."""
    uis: Mapping[str, str] = field(default_factory=dict)
    """The same by ``status.controllerNamespace``, where a cluster has several Argo CDs."""
