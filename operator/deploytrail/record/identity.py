"""Ids: one deployment, one id, computed from the source's own key.

A replay, a second replica and a restart all compute the same id and so write the same record. Ids are readable,
stable, and valid as Kubernetes object names and label values (at most 63 characters).
"""

import re
from base64 import b32encode
from datetime import datetime
from hashlib import sha256

from deploytrail.record.instant import to_rfc3339, to_utc

_READABLE = 46
_DIGEST = 16


def argocd_id(*, uid: str, name: str, started_at: datetime, heals: int = 0) -> str:
    """One operation of one Application. Name and revision repeat, a self-heal may share the second of its sync."""
    readable = f"{name}-{to_utc(started_at):%Y%m%d-%H%M%S}"
    return _identifier(readable, "argocd", uid, to_rfc3339(started_at), str(heals))


def hivel_id(*, deployment_id: str, start_time: datetime) -> str:
    """The sender's id plus the start, because the document's own Argo CD mapping repeats the id on every sync."""
    return _identifier(deployment_id, "hivel", deployment_id, to_rfc3339(start_time))


def resource_id(*, uid: str, name: str) -> str:
    """A DeploymentEvent that somebody applied."""
    return _identifier(name, "kubectl", uid)


def _identifier(readable: str, *key: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", readable.lower()).strip("-")[:_READABLE].strip("-") or "deployment"
    # Length-prefixed, so that no two keys can be joined to the same text.
    joined = "".join(f"{len(part)}:{part}" for part in key)
    digest = b32encode(sha256(joined.encode()).digest()).decode().lower()[:_DIGEST]
    return f"{slug}-{digest}"
