"""Ids: one deployment, one id, computed from the source's own key.

A replay, a second replica and a restart all compute the same id and so write the same record. Ids are readable,
stable, and valid as Kubernetes object names and label values (at most 63 characters).
"""

import re
from base64 import b32encode
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from deploytrail.record.instant import to_rfc3339, to_utc
from deploytrail.record.values import Series

_READABLE = 46
_DIGEST = 16


def argocd_id(*, uid: str, name: str, started_at: datetime, heals: int = 0) -> str:
    """One operation of one Application. Name and revision repeat, a self-heal may share the second of its sync."""
    readable = f"{name}-{to_utc(started_at):%Y%m%d-%H%M%S}"
    return _identifier(readable, "argocd", uid, to_rfc3339(started_at), str(heals))


def hivel_id(*, deployment_id: str, start_time: datetime) -> str:
    """The sender's id plus the start, because the document's own Argo CD mapping repeats the id on every sync."""
    return _identifier(deployment_id, "hivel", deployment_id, to_rfc3339(start_time))


def hivel_v1_id(*, run: str, product: str, environment: str) -> str:
    """What Hivel's first version calls a deployment: it tells the start and the end apart, not two starts."""
    return _identifier(run, "hivel-v1", run, product, environment)


def gitlab_id(*, project: str, kind: str, number: int) -> str:
    """A deployment or pipeline, numbered in its GitLab; ``project`` is its URL, so that two instances differ."""
    return _identifier(f"{project.rstrip('/').rpartition('/')[2]}-{number}", "gitlab", project, kind, str(number))


def github_id(*, repository: str, kind: str, number: int, attempt: int = 1) -> str:
    """A deployment or workflow run, numbered by its GitHub; a run that is run again is another attempt."""
    name = repository.rstrip("/").rpartition("/")[2]
    return _identifier(f"{name}-{number}", "github", repository, kind, str(number), str(attempt))


def cdevents_id(*, name: str, source: str, kind: str, key: str) -> str:
    """What ``source`` calls by this ``key``: an event, a run, an artefact."""
    return _identifier(name, "cdevents", source, kind, key)


def resource_id(*, uid: str, name: str) -> str:
    """A DeploymentEvent or BuildEvent that somebody applied."""
    return _identifier(name, "kubectl", uid)


@lru_cache(maxsize=4096)  # each report asks twice for its own, and builds and deployments share them
def version_id(*, product: str, version: str) -> str:
    """A version of a product, whoever tells of it."""
    return _identifier(f"{product}-{version}", "version", product, version)


def versioner_id(*, run: str, product: str, version: str, environment: str | None = None) -> str:
    """What one run did, when it names itself: ``run`` is its ``invoke_id``, else its ``build_number``.

    Without an environment, a build.
    """
    readable = "-".join(filter(None, (product, version, environment)))
    return _identifier(readable, "versioner", product, version, *_optional(environment), run)


def versioner_series(*, product: str, version: str, environment: str | None = None) -> Series:
    """What runs without a name do. Without an environment, builds."""
    readable = "-".join(filter(None, (product, version, environment)))
    return _series(readable, "versioner-series", product, version, *_optional(environment))


def vibemonitor_series(
    *, workspace: str, environment: str, repository: str, commit: str | None = None, branch: str | None = None
) -> Series:
    """What a repository brings to an environment of a workspace. The document gives the posts no id to share."""
    key = (workspace, environment, repository, *_optional(commit.lower() if commit else None), *_optional(branch))
    return _series(f"{repository}-{environment}", "vibemonitor", *key).model_copy(update={"ends_once": True})


def quanta_series(*, key: str, kind: str, content: str, window: timedelta) -> Series:
    """The same push of the same key, again and again: each is an event of its own once the window is over (C173)."""
    return _series(f"{key}-{kind}", "quanta", key, kind, content).model_copy(update={"window": window})


def attempt_id(series: Series, number: int) -> str:
    """The record of a series with this number, counted from 1."""
    return _identifier(series.name, "series", series.key, str(number))


def _series(readable: str, *key: str) -> Series:
    return Series(key=_digest(key), name=readable)


def _optional(part: str | None) -> tuple[str, str]:
    """Absent is not the same as empty."""
    return ("-", "") if part is None else ("+", part)


def _identifier(readable: str, *key: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", readable.lower()).strip("-")[:_READABLE].strip("-") or "deployment"
    return f"{slug}-{_digest(key)}"


def _digest(key: tuple[str, ...]) -> str:
    # Length-prefixed, so that no two keys can be joined to the same text.
    joined = "".join(f"{len(part)}:{part}" for part in key)
    return b32encode(sha256(joined.encode()).digest()[: _DIGEST * 5 // 8]).decode().lower()
