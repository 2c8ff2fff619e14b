"""The APIs side by side, for tests of what holds for all of them."""

import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploytrail.record.model import Source
from tests.fakes import SECRET
from tests.http.endpoint import Endpoint

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Api:
    """One route as a client sees it."""

    name: str
    path: str
    header: str
    """Where the key stands; ``{}`` is the key."""
    body: Callable[[str], dict[str, Any]]
    """A good body that speaks of the product given."""
    shape: frozenset[str]
    """The fields of its errors."""
    accepted: int = 200
    unreadable: int = 400
    """What a body that is no JSON object is answered."""
    methods: tuple[str, ...] = ("POST",)
    optional: tuple[str, ...] = field(default=())
    signs: bool = False
    """The key is not sent: ``{}`` is the signature of the body under it."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Headers that its clients send besides."""

    @property
    def source(self) -> str:
        """What keys are limited to: one API may have several routes."""
        return self.name if self.name in set(Source) else self.name.partition("-")[0]

    def send(
        self, endpoint: Endpoint, body: object, *, path: str = "", secret: str | None = SECRET, **headers: str
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {name.replace("-", "_"): value for name, value in self.heads(content, secret).items()}
        return endpoint.send(path or self.path, content, secret=None, **said | headers)

    def heads(self, content: bytes, secret: str | None = SECRET) -> dict[str, str]:
        """The headers of a request with this body."""
        name, _, value = self.header.partition(": ")
        said = {"Content-Type": "application/json", **self.more}
        if secret is None:
            return said
        told = hmac.digest(secret.encode(), content, "sha256").hex() if self.signs else secret
        return said | {name: value.format(told)}


def product() -> str:
    return f"acme/web-{next(_numbers):05}"


def _versioner_deployment(name: str) -> dict[str, Any]:
    return {"product_name": name, "version": "1.2.3", "environment_name": "production", "status": "success"}


def _hivel(name: str) -> dict[str, Any]:
    return {
        "deployment_id": f"deploy-{next(_numbers)}",
        "event_type": "completed",
        "status": "success",
        "repo_url": f"https://github.com/{name}",
        "environment": "production",
        "start_time": "2025-09-22T12:00:00Z",
        "end_time": "2025-09-22T12:15:30Z",
        "branch": "main",
    }


def _gitlab(name: str) -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "project": {"path_with_namespace": name, "web_url": f"https://gitlab.example.com/{name}"},
        "deployment_id": 15,
        "status": "success",
        "status_changed_at": "2021-04-28 21:50:00 +0200",
        "environment": "staging",
    }


def _github(name: str) -> dict[str, Any]:
    return {
        "deployment_status": {"state": "success", "created_at": "2026-01-01T12:00:00Z"},
        "deployment": {"id": next(_numbers), "sha": "279484c09fbe69ededfced8c1bb6e6d24616b468", "environment": "live"},
        "repository": {"full_name": name, "html_url": f"https://github.com/{name}"},
    }


def _cdevent(name: str) -> dict[str, Any]:
    return {
        "context": {
            "version": "0.4.1",
            "id": f"event-{next(_numbers)}",
            "source": "https://ci.example.com",
            "type": "dev.cdevents.service.deployed.0.2.0",
            "timestamp": "2026-01-01T12:00:00Z",
        },
        "subject": {
            "id": name,
            "type": "service",
            "content": {"environment": {"id": "production"}, "artifactId": "pkg:oci/web@sha256%3A0b31?tag=1.2.3"},
        },
    }


def _notification(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "argocd", "uid": f"uid-{next(_numbers)}"},
        "status": {
            "health": {"status": "Healthy"},
            "reconciledAt": "2026-11-20T12:00:09Z",
            "operationState": {
                "phase": "Succeeded",
                "startedAt": "2026-11-20T12:00:00Z",
                "finishedAt": "2026-11-20T12:00:05Z",
            },
        },
    }


DETAIL, MESSAGE, ERROR = frozenset({"detail"}), frozenset({"message", "error"}), frozenset({"error"})

APIS = (
    Api(
        name="versioner-deployments",
        path="/deployment-events/",
        header="Authorization: Bearer {}",
        body=_versioner_deployment,
        shape=DETAIL,
        optional=("deployed_by", "scm_sha", "scm_branch", "build_url", "extra_metadata", "completed_at"),
    ),
    Api(
        name="versioner-builds",
        path="/build-events/",
        header="Authorization: Bearer {}",
        body=lambda name: {"product_name": name, "version": "1.2.3", "status": "completed"},
        shape=DETAIL,
        optional=("built_by", "scm_sha", "scm_branch", "build_url", "extra_metadata", "started_at"),
    ),
    Api(
        name="hivel",
        path="/api/hooks/v2/deployment",
        header="X-API-Token: {}",
        body=_hivel,
        shape=MESSAGE,
        optional=("commit_hash", "pr_number", "pr_numbers", "build_number", "image", "logs_url"),
    ),
    Api(
        name="hivel-v1",
        path="/hivelapi/v1/deployment",
        header="X-API-Token: {}",
        body=lambda name: {"repo_url": name, "environment": "production", "timestamp": "2025-09-22T12:00:00Z"},
        shape=MESSAGE,
        optional=("deployment_id", "event_type", "status", "commit_hash", "pr_numbers", "build_number", "image"),
    ),
    Api(
        name="vibemonitor",
        path="/api/v1/deployments/webhook",
        header="X-Workspace-Key: {}",
        body=lambda name: {"environment": "production", "repository": name},
        shape=DETAIL,
        accepted=201,
        unreadable=422,
        optional=("branch", "commit_sha", "status", "source", "deployed_at", "extra_data"),
    ),
    Api(
        name="quanta",
        path="/api/events/push",
        header="Authorization: Token {}",
        body=lambda name: {"type": "code_deploy", "content": f"{name} 1.2.3"},
        shape=ERROR,
        methods=("GET", "POST"),
    ),
    Api(
        name="gitlab",
        path="/api/hooks/gitlab",
        header="X-Gitlab-Token: {}",
        body=_gitlab,
        shape=ERROR,
        optional=("deployable_url", "short_sha", "commit_url", "ref", "environment_tier"),
    ),
    Api(
        name="github",
        path="/api/hooks/github",
        header="X-Hub-Signature-256: sha256={}",
        body=_github,
        shape=ERROR,
        signs=True,
        more={"X-GitHub-Event": "deployment_status"},
    ),
    Api(
        name="cdevents",
        path="/api/hooks/cdevents",
        header="Authorization: Bearer {}",
        body=_cdevent,
        shape=ERROR,
        optional=("customDataContentType",),
    ),
    Api(
        name="argocd-notifications",
        path="/api/hooks/argocd",
        header="Authorization: Bearer {}",
        body=_notification,
        shape=ERROR,
        optional=("spec", "operation", "argocdUrl"),
    ),
)

ROUTES = {api.name: api for api in APIS}
