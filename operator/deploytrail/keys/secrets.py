"""Keys as labelled Secrets in Deploytrail's own namespace: watched, so that a revoked key stops at once."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from deploytrail.errors import Conflict, Rejected, Unavailable
from deploytrail.keys.base import absent, check_new, ended
from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.uses import merge
from deploytrail.kube.client import CONFIG_MAPS, SECRETS, AlreadyExists, Kind, Kube, Object, Stale
from deploytrail.kube.watch import Reflector
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import Instant

log = structlog.get_logger()

LABEL = "deploytrail.dev/key"
PREFIX = "deploytrail-key-"
USES = "deploytrail-key-uses"
"""The ConfigMap that says when keys were last used; writing to Secrets would need a right that nothing else needs."""

_LISTS = ("scopes", "apis", "products", "environments")
_TEXTS = ("product", "environment", "workspace")
_USES = TypeAdapter(dict[str, Instant])
_REVIEWS = Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews")


class SecretKeys:
    """See KeyBackend. A Secret holds ``digest`` and ``scopes``, and may hold other fields of Key, one item a line."""

    def __init__(self, kube: Kube, *, namespace: str) -> None:
        self._kube, self._namespace = kube, namespace
        self._keys: dict[str, Key] = {}
        self._complete = False
        self._ring = KeyRing()
        self._reflector = Reflector(
            kube,
            SECRETS,
            namespace=namespace,
            labels=f"{LABEL}=true",
            changed=self._put,
            removed=self._drop,
            listed=lambda uids, _: self._keep_only(uids),
        )
        self._following: asyncio.Task[None] | None = None

    async def start(self, ring: KeyRing) -> None:
        """Keep the ring filled from now on."""
        self._ring = ring
        self._following = asyncio.create_task(self._reflector.run(), name="keys-follow")

    async def stop(self) -> None:
        """Stop following; the ring keeps what it has."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def check(self) -> None:
        """Raise Unavailable until the keys have been read once."""
        if not self._reflector.synced.is_set():
            raise Unavailable("still reading the keys from the Kubernetes API server")

    async def create(self, key: Key) -> None:
        """See KeyBackend."""
        await self._check_right("create")
        check_new(key, await self.list())
        try:
            await self._kube.create(SECRETS, self._namespace, to_secret(key))
        except AlreadyExists as error:
            raise Conflict(f"there is a Secret {PREFIX}{key.name} already, and it is no key", field="name") from error

    async def list(self) -> list[Key]:
        """See KeyBackend."""
        page = await self._kube.list(SECRETS, self._namespace, labelSelector=f"{LABEL}=true")
        keys = [key for secret in page["items"] if (key := _parse(secret)) is not None]
        return sorted(keys, key=lambda key: key.name)

    async def expire(self, name: str, at: datetime) -> None:
        """See KeyBackend."""
        await self._check_right("update")
        secret = await self._find(name)
        if secret is None:
            raise absent(name)
        try:
            await self._kube.replace(
                SECRETS, self._namespace, secret["metadata"]["name"], secret | _data(ended(from_secret(secret), at))
            )
        except Stale as error:
            raise Unavailable(f"the key {name} was changed at the same time: try again") from error

    async def delete(self, name: str) -> bool:
        """See KeyBackend."""
        await self._check_right("delete")
        secret = await self._find(name)
        return secret is not None and await self._kube.delete(SECRETS, self._namespace, secret["metadata"]["name"])

    async def uses(self) -> dict[str, datetime]:
        """See KeyBackend."""
        kept = await self._kube.get(CONFIG_MAPS, self._namespace, USES)
        return _read_uses(kept)

    async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
        """See KeyBackend. Each replica writes what it saw; two at once, and one of them tries again later."""
        kept = await self._kube.get(CONFIG_MAPS, self._namespace, USES)
        before = _read_uses(kept)
        after = merge(before, uses, names={key.name for key in self._keys.values()})
        if after == before:
            return
        data = {"data": {name: to_rfc3339(when) for name, when in after.items()}}
        try:
            if kept is None:
                fresh = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": USES}}
                await self._kube.create(CONFIG_MAPS, self._namespace, fresh | data)
            else:
                await self._kube.replace(CONFIG_MAPS, self._namespace, USES, kept | data)
        except (AlreadyExists, Stale) as error:
            raise Unavailable(f"the ConfigMap {USES} was written at the same time") from error

    async def _check_right(self, verb: str) -> None:
        asked = {"verb": verb, "resource": SECRETS.plural, "namespace": self._namespace}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        answer = await self._kube.create(_REVIEWS, "", review | {"spec": {"resourceAttributes": asked}})
        if not answer["status"]["allowed"]:
            raise Rejected(f"no right to {verb} Secrets in the namespace {self._namespace}", reason="permission")

    async def _find(self, name: str) -> Object | None:
        """The Secret of a key; another of that name is none of ours to touch."""
        for called in (PREFIX + name, name):
            secret = await self._kube.get(SECRETS, self._namespace, called)
            if secret is not None and (secret["metadata"].get("labels") or {}).get(LABEL) == "true":
                return secret
        return None

    def _put(self, secret: Object) -> None:
        key = _parse(secret)
        if key is None:
            self._drop(secret)
            return
        self._keys[secret["metadata"]["uid"]] = key
        self._publish()

    def _drop(self, secret: Object) -> None:
        self._keys.pop(secret["metadata"]["uid"], None)
        self._publish()

    def _keep_only(self, uids: set[str]) -> None:
        self._keys = {uid: key for uid, key in self._keys.items() if uid in uids}
        self._complete = True
        self._publish()

    def _publish(self) -> None:
        """Not before all have been read: a ring that lacks a good key would refuse it."""
        if self._complete:
            self._ring.replace(self._keys.values())


def to_secret(key: Key) -> Object:
    """The Secret that keeps a key."""
    metadata = {"name": PREFIX + key.name, "labels": {LABEL: "true"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata} | _data(key)


def _data(key: Key) -> Object:
    fields = {"digest": key.digest, "createdAt": to_rfc3339(key.created_at)}
    fields |= {name: "\n".join(sorted(getattr(key, name))) for name in _LISTS if getattr(key, name)}
    fields |= {name: getattr(key, name) for name in _TEXTS if getattr(key, name) is not None}
    if key.signing is not None:
        fields["signing"] = key.signing.get_secret_value()
    if key.expires_at is not None:
        fields["expiresAt"] = to_rfc3339(key.expires_at)
    return {"data": {name: b64encode(value.encode()).decode() for name, value in fields.items()}}


def from_secret(secret: Object) -> Key:
    """The key a Secret keeps. ValueError when it keeps none."""
    data = {name: b64decode(value).decode().strip() for name, value in (secret.get("data") or {}).items()}
    lists = {name: frozenset(filter(None, map(str.strip, data.get(name, "").splitlines()))) for name in _LISTS}
    return Key.model_validate(
        {
            "name": secret["metadata"]["name"].removeprefix(PREFIX),
            "digest": data.get("digest", ""),
            "signing": data.get("signing") or None,
            "created_at": data.get("createdAt") or secret["metadata"]["creationTimestamp"],
            "expires_at": data.get("expiresAt") or None,
            **{name: data.get(name) or None for name in _TEXTS},
            **lists,
        }
    )


def _parse(secret: Object) -> Key | None:
    try:
        return from_secret(secret)
    except (ValidationError, ValueError) as error:
        fields = [str(e["loc"][0] if e["loc"] else e["msg"]) for e in _problems(error)] or ["data"]
        log.warning("key_ignored", name=secret["metadata"]["name"], fields=fields)
        return None


def _problems(error: ValueError) -> list[Any]:
    return list(error.errors(include_input=False)) if isinstance(error, ValidationError) else []


def _read_uses(config_map: Object | None) -> dict[str, datetime]:
    try:
        return _USES.validate_python((config_map or {}).get("data") or {})
    except ValidationError:  # somebody else wrote there: it says of no key when it was used
        return {}
