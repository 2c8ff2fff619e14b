"""The pieces of an Application, in the shape that Argo CD 3.5 gives them. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PROJECT = "shop"
CLUSTER = "https://kubernetes.default.svc"
SYNCED = "successfully synced (all tasks run)"


def commit(words: str) -> str:
    """A commit that is always the same for the same words."""
    return hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Setup:
    """What an Application is about: a Deployment and its ConfigMap, from one folder of one repository."""

    name: str = "web"
    namespace: str = "argocd"
    environment: str = "production"
    repository: str = "https://git.example.com/acme/shop-deploy.git"
    automated: bool = True

    @property
    def source(self) -> Json:
        return {"path": f"apps/{self.name}", "repoURL": self.repository, "targetRevision": "main"}

    @property
    def destination(self) -> Json:
        return {"namespace": self.environment, "server": CLUSTER}

    def application(self) -> Json:
        """A new Application that Argo CD has not looked at yet."""
        spec: Json = {"project": PROJECT, "source": self.source, "destination": self.destination}
        if self.automated:
            spec["syncPolicy"] = {"automated": {"prune": True, "selfHeal": True}}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": spec,
        }

    def operation(self, revision: str, by: str | None, **sync: Any) -> Json:
        """A request by a user, or Argo CD's own when ``by`` is None."""
        wanted: Json = {"revision": revision, "source": self.source, **sync}
        if by is None:
            return {"initiatedBy": {"automated": True}, "retry": {"limit": 5}, "sync": {"prune": True, **wanted}}
        return {"initiatedBy": {"username": by}, "retry": {}, "sync": wanted}

    def history_entry(self, number: int, operation: Json, started_at: str, deployed_at: str) -> Json:
        return {
            "id": number,
            "revision": operation["sync"]["revision"],
            "source": self.source,
            "initiatedBy": operation["initiatedBy"],
            "deployStartedAt": started_at,
            "deployedAt": deployed_at,
        }

    def resources(self, status: str) -> list[Json]:
        """``status.resources`` with the Deployment in that sync status; its ConfigMap never changes."""
        of = {"namespace": self.environment, "version": "v1"}
        return [
            {"kind": "ConfigMap", "name": f"{self.name}-config", "status": "Synced", **of},
            {"group": "apps", "kind": "Deployment", "name": self.name, "status": status, **of},
        ]

    def sync_result(self, operation: Json, images: Sequence[str], *, failed: str | None = None) -> Json:
        """What became of each resource; ``failed`` is why the Deployment could not be applied."""
        note, going = (" (dry run)", "Succeeded") if operation["sync"].get("dryRun") else ("", "Running")
        of = {"namespace": self.environment, "version": "v1", "syncPhase": "Sync"}
        config: Json = {
            "group": "",
            "kind": "ConfigMap",
            "name": f"{self.name}-config",
            "hookPhase": going,
            "message": f"configmap/{self.name}-config unchanged{note}",
            "status": "Synced",
            **of,
        }
        deployment: Json = {
            "group": "apps",
            "kind": "Deployment",
            "name": self.name,
            "hookPhase": "Failed" if failed else going,
            "message": failed or f"deployment.apps/{self.name} configured{note}",
            "status": "SyncFailed" if failed else "Synced",
            **({"images": list(images)} if images else {}),
            **of,
        }
        resources = [deployment] if "resources" in operation["sync"] else [config, deployment]
        return {"resources": resources, "revision": operation["sync"]["revision"], "source": self.source}

    def compared(self, revision: str, status: str) -> Json:
        """``status.sync``: what the head of the branch is, and whether the cluster is like it."""
        against = {"destination": self.destination, "source": self.source}
        return {"comparedTo": against, "revision": revision, "status": status}

    def settled(self, revision: str, images: Sequence[str], then: str) -> Json:
        """The status of an Application that was synced ``then``, and nothing has happened since."""
        operation = self.operation(revision, None if self.automated else "alice")
        state = {
            "operation": operation,
            "phase": "Succeeded",
            "message": SYNCED,
            "startedAt": then,
            "finishedAt": then,
            "syncResult": self.sync_result(operation, images),
        }
        return {
            "controllerNamespace": self.namespace,
            "health": {"lastTransitionTime": then, "status": "Healthy"},
            "history": [self.history_entry(0, operation, then, then)],
            "operationState": state,
            "reconciledAt": then,
            "resourceHealthSource": "appTree",
            "resources": self.resources("Synced"),
            "sourceHydrator": {},
            "sourceType": "Kustomize",
            "summary": {"images": list(images)},
            "sync": self.compared(revision, "Synced"),
        }
