"""Requests to one API server, in the terms of our errors."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import orjson
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from deploytrail.errors import DeploytrailError, Misconfigured, Rejected, Unavailable

Object = dict[str, Any]

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=5, sock_connect=2)
WATCH_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=2, sock_read=150)
"""Longer than the minute between two bookmarks: a silent stream is a broken one."""

_UNKNOWN_KIND = (
    "the Kubernetes API server does not know this kind of object: is its CustomResourceDefinition installed?"
)

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")

LINGER_SECONDS = 0.1
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"


class AlreadyExists(DeploytrailError):
    """An object of this name is there already."""


class Stale(DeploytrailError):
    """The object changed since it was read."""


class Forbidden(Unavailable):
    """Our identity may not do it; it may be allowed to later."""


class Expired(DeploytrailError):
    """The API server no longer knows the resource version; list again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said to a bare question."""

    status: int
    at: datetime | None
    """The server's own time, to the second."""
    body: Object
    """Empty where it was no JSON object."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object, as its path spells it."""

    group: str
    version: str
    plural: str

    @property
    def group_path(self) -> str:
        """Where the API server lists the kinds of its group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Its objects, those of one namespace, or one of them."""
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{self.group_path}{within}/{self.plural}" + (f"/{name}" if name else "")


DEPLOYMENT_EVENTS = Kind("deploytrail.dev", "v1alpha1", "deploymentevents")
BUILD_EVENTS = Kind("deploytrail.dev", "v1alpha1", "buildevents")
ANNOTATIONS = Kind("deploytrail.dev", "v1alpha1", "annotations")
VERSIONS = Kind("deploytrail.dev", "v1alpha1", "versions")
APPLICATIONS = Kind("argoproj.io", "v1alpha1", "applications")
"""Argo CD's. Read, never written."""
SECRETS = Kind("", "v1", "secrets")
CONFIG_MAPS = Kind("", "v1", "configmaps")
LEASES = Kind("coordination.k8s.io", "v1", "leases")


class Kube:
    """One API server and our identity there."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._client = ApiClient(configuration)

    @classmethod
    async def connect(cls, kubeconfig: Path | None = None) -> "Kube":
        """With the kubeconfig given, else as the pod's ServiceAccount, else with the user's own kubeconfig."""
        # Asked to trust the environment, aiohttp looks for a .netrc in a thread, for every single request.
        configuration = Configuration(client_session_kwargs={"trust_env": False})
        try:
            if kubeconfig is not None:
                await load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
            else:
                await _load_default(configuration)
        except (ConfigException, OSError) as error:
            raise Misconfigured(f"no way to reach a Kubernetes API server: {error}") from error
        return cls(configuration)

    async def close(self) -> None:
        """Close all connections, and give TLS the moment it needs to say so."""
        await self._client.close()
        # https://docs.aiohttp.org/en/stable/client_advanced.html#graceful-shutdown
        await asyncio.sleep(LINGER_SECONDS)

    async def login(self) -> kopf.ConnectionInfo:
        """The same identity for kopf; read anew every ten minutes, because tokens are rotated."""
        bearer = await self._configuration.get_api_key_with_prefix("BearerToken") or ""
        return kopf.ConnectionInfo(
            server=self._configuration.host,
            ca_path=self._configuration.ssl_ca_cert,
            insecure=not self._configuration.verify_ssl,
            scheme="Bearer" if bearer else None,
            token=bearer.partition(" ")[2] or None,
            certificate_path=self._configuration.cert_file,
            private_key_path=self._configuration.key_file,
            expiration=datetime.now(UTC) + timedelta(minutes=10),
        )

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, or None where there is none."""
        try:
            return await self._json("GET", kind.path(namespace, name))
        except _NotFound:
            return None

    async def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        """Store a new object; AlreadyExists when its name is taken."""
        try:
            return await self._json("POST", kind.path(namespace), body=body)
        except _NotFound as error:  # the namespace or the kind itself
            raise Unavailable(f"there is no place for {kind.plural} in {namespace}: {error}") from error

    async def replace(self, kind: Kind, namespace: str, name: str, body: Object) -> Object:
        """Store a changed object; Stale when somebody else changed or deleted it first."""
        try:
            return await self._json("PUT", kind.path(namespace, name), body=body)
        except _NotFound as error:
            raise Stale(str(error)) from error

    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, of: Object | None = None
    ) -> Object | None:
        """Merge into the status subresource; None when the object is gone.

        ``of``: only of the object as it was read; Stale when somebody else changed it first.
        """
        body: Object = {"status": status}
        if of is not None:
            body["metadata"] = {name: of["metadata"][name] for name in ("uid", "resourceVersion")}
        try:
            path = kind.path(namespace, name) + "/status"
            return await self._json("PATCH", path, body=body, content_type="application/merge-patch+json")
        except _NotFound:
            return None

    async def delete(
        self, kind: Kind, namespace: str, name: str, *, uid: str | None = None, version: int | None = None
    ) -> bool:
        """Remove an object; whether it was there. Stale when it is not the one with this uid, at this version."""
        expected = {"uid": uid, "resourceVersion": str(version) if version is not None else None}
        conditions = {name: value for name, value in expected.items() if value is not None}
        body = {"preconditions": conditions} if conditions else None
        try:
            await self._json("DELETE", kind.path(namespace, name), body=body)
        except _NotFound:
            return False
        return True

    async def list(self, kind: Kind, namespace: str | None, **query: str) -> Object:
        """One page of a list, as the API server answers it."""
        return await self._json("GET", kind.path(namespace), query=query)

    async def metadata(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Object]:
        """The metadata of all objects of a kind, which is all that is sent; none when the kind is not there."""
        chosen = {"labelSelector": labels, "fieldSelector": fields}
        query = {"limit": "500"} | {name: selector for name, selector in chosen.items() if selector}
        while True:
            try:
                page = await self._json("GET", kind.path(namespace), query=query, accept=METADATA_ONLY)
            except _NotFound:
                return
            for item in page["items"] or ():  # null, where there are none
                yield item["metadata"]
            if not page["metadata"].get("continue"):
                return
            query["continue"] = page["metadata"]["continue"]

    async def uids(self, kind: Kind, namespaces: Iterable[str] = ()) -> set[str]:
        """The uids of all objects of a kind, or of those in some namespaces; empty when the kind is not there."""
        return {item["uid"] for where in namespaces or (None,) async for item in self.metadata(kind, where)}

    async def namespaces_of(
        self, kind: Kind, name: str, namespaces: Iterable[str] = (), *, labels: str = ""
    ) -> Sequence[str]:
        """Where there is an object of this name, of all namespaces or of some; nowhere, if no object can have it."""
        if not _NAME.fullmatch(name):
            return ()
        chosen = f"metadata.name={name}"
        pages = [self.metadata(kind, where, labels=labels, fields=chosen) for where in namespaces or (None,)]
        return [item["namespace"] for page in pages async for item in page]

    async def serves(self, kind: Kind) -> bool:
        """Whether the API server knows the kind."""
        answer = await self.ask(kind.group_path)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
            raise _translate(answer.status, orjson.dumps(answer.body))
        return any(resource["name"] == kind.plural for resource in answer.body.get("resources") or ())

    async def ask(self, path: str) -> Answer:
        """GET any path; the answer as it is, whatever its status. Unavailable when there is none."""
        try:
            response = await self._send("GET", path)
            content = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"the Kubernetes API server is away: {type(error).__name__}") from error
        date = response.headers.get("Date")
        return Answer(response.status, parsedate_to_datetime(date) if date else None, _object(content))

    async def watch(
        self, kind: Kind, namespace: str | None, *, opened: Callable[[], None], **query: str
    ) -> AsyncIterator[Object]:
        """Events as they come, until the API server closes the stream. Expired when it asks to list again.

        ``opened`` is called once the stream stands: the first event may be a minute away.
        """
        query |= {"watch": "true", "allowWatchBookmarks": "true"}
        try:
            response = await self._send("GET", kind.path(namespace), query=query, timeout=WATCH_TIMEOUT)
            async with response, _hung_up(response):
                if response.status != HTTPStatus.OK:
                    raise _translate(response.status, await response.read())
                opened()
                async for line in response.content:
                    event = orjson.loads(line)
                    if event["type"] == "ERROR":
                        raise _translate(event["object"].get("code", 500), orjson.dumps(event["object"]))
                    yield event
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unavailable(f"watch of {kind.plural} broke: {type(error).__name__}: {error}") from error

    async def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        try:
            response = await self._send(method, path, query=query, body=body, content_type=content_type, accept=accept)
            content = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unavailable(f"the Kubernetes API server is away: {type(error).__name__}") from error
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _translate(response.status, content)
        parsed: Object = orjson.loads(content)
        return parsed

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: aiohttp.ClientTimeout = REQUEST_TIMEOUT,  # noqa: ASYNC109 - handed to aiohttp, which enforces it
    ) -> aiohttp.ClientResponse:
        verb, url, headers, payload, _ = await self._client.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params={"Accept": accept, "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = await self._client.call_api(verb, url, headers, payload, _request_timeout=timeout)
        response: aiohttp.ClientResponse = answer.response
        return response


class _NotFound(Unavailable):
    """Who does not expect it needs what is not there: a kind or a namespace, which may come."""


@asynccontextmanager
async def _hung_up(response: aiohttp.ClientResponse) -> AsyncIterator[None]:
    """Hang up in the end. A stream that is left while it runs would say goodbye for longer than the loop may live."""
    try:
        yield
    finally:
        connection = response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()


async def _load_default(configuration: Configuration) -> None:
    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException:
        await load_kube_config(client_configuration=configuration)


def _object(content: bytes) -> Object:
    try:
        parsed = orjson.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _translate(status: int, content: bytes) -> DeploytrailError:
    """The API server's refusal in our terms. Its sentence is kept: it was written for people."""
    answer = _object(content)
    message = str(answer.get("message") or f"the Kubernetes API server answered {status}")
    match status:
        case 403:
            return Forbidden(message)
        case 404:
            return _NotFound(message if "message" in answer else _UNKNOWN_KIND)
        case 409 if answer.get("reason") == "AlreadyExists":
            return AlreadyExists(message)
        case 409:
            return Stale(message)
        case 410:
            return Expired(message)
        case 400 | 413 | 422:
            return Rejected(message, reason="invalid-field")
        case _:
            return Unavailable(message)
