"""Which environment an Application deploys to and where its page is: what an installation can configure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from deploytrail.record.rollout.snapshot import Application

LOCAL_SERVER = "https://kubernetes.default.svc"
LOCAL_NAME = "in-cluster"
"""What Argo CD calls the cluster it runs in."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Asked in this order, after the Application's own annotation and label. Patterns as in a shell: ``*-prod``."""

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


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an Application deploys to. Argo CD sets exactly one of name and server."""

    name: str | None
    server: str | None
    namespace: str | None
    project: str


def environment_of(destination: Destination, rules: Rules) -> str:
    """By the maps; else destination.name, else the namespace, else the cluster."""
    cluster = destination.name or (LOCAL_NAME if destination.server == LOCAL_SERVER else None)
    asked = (
        (rules.clusters, cluster),
        (rules.clusters, destination.server),
        (rules.projects, destination.project),
        (rules.namespaces, destination.namespace),
    )
    for environments, key in asked:
        environment = _match(environments, key)
        if environment is not None:
            return environment
    return destination.name or destination.namespace or cluster or _host(destination.server) or LOCAL_NAME


def page_of(application: Application, rules: Rules) -> str | None:
    """The Application's page. With the namespace, or Argo CD looks in its own only."""
    base = rules.uis.get(application.instance or "") or rules.ui
    return f"{base.rstrip('/')}/applications/{application.namespace}/{application.name}" if base else None


def _match(environments: Mapping[str, str], key: str | None) -> str | None:
    if key is None or not environments:
        return None
    if key in environments:
        return environments[key]
    return next((environments[pattern] for pattern in environments if fnmatchcase(key, pattern)), None)


def _host(server: str | None) -> str | None:
    try:
        return urlsplit(server).hostname if server else None
    except ValueError:
        return None
