"""The Applications of one namespace, written the way Argo CD writes them: whole (PUT) or as a merge patch."""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, Self

from kubernetes.client import CustomObjectsApi
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config

CRD = Path(__file__).parent / "application-crd.yaml"

Application = dict[str, Any]


class Missing(LookupError):
    """There is no Application of that name."""


class Applications(Protocol):
    """What a player needs of an API server."""

    def get(self, name: str) -> Application:
        """The Application as it is; raises Missing."""
        ...

    def create(self, application: Application) -> Application:
        """Create it, ``status`` and ``operation`` included, and return it as stored."""
        ...

    def replace(self, application: Application) -> Application:
        """PUT it; its resourceVersion, when it has one, must still be the newest."""
        ...

    def patch(self, name: str, change: dict[str, Any]) -> Application:
        """Merge the change into it (RFC 7386: None removes)."""
        ...

    def delete(self, name: str) -> None:
        """Delete it; with finalizers it stays until they are gone. Raises Missing."""
        ...


class ClusterApplications:
    """The Applications of one namespace of a real cluster."""

    def __init__(self, kubeconfig: Path, namespace: str = "argocd") -> None:
        self.namespace = namespace
        self._client = new_client_from_config(config_file=str(kubeconfig))
        self._api = CustomObjectsApi(self._client)
        self._kind = {
            "group": "argoproj.io",
            "version": "v1alpha1",
            "plural": "applications",
            "namespace": namespace,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.rest_client.pool_manager.clear()
        self._client.close()

    def get(self, name: str) -> Application:
        try:
            return dict(self._api.get_namespaced_custom_object(**self._kind, name=name))
        except ApiException as refused:
            raise _translated(refused, name) from refused

    def create(self, application: Application) -> Application:
        return dict(self._api.create_namespaced_custom_object(**self._kind, body=application))

    def replace(self, application: Application) -> Application:
        name = application["metadata"]["name"]
        try:
            return dict(self._api.replace_namespaced_custom_object(**self._kind, name=name, body=application))
        except ApiException as refused:
            raise _translated(refused, name) from refused

    def patch(self, name: str, change: dict[str, Any]) -> Application:
        merge = "application/merge-patch+json"
        try:
            return dict(
                self._api.patch_namespaced_custom_object(**self._kind, name=name, body=change, _content_type=merge)
            )
        except ApiException as refused:
            raise _translated(refused, name) from refused

    def delete(self, name: str) -> None:
        try:
            self._api.delete_namespaced_custom_object(**self._kind, name=name)
        except ApiException as refused:
            raise _translated(refused, name) from refused


def _translated(refused: ApiException, name: str) -> Exception:
    return Missing(name) if refused.status == HTTPStatus.NOT_FOUND else refused
