"""Keys as labelled Secrets in Deploytrail's own namespace: watched, so that a revoked key stops at once."""

import asyncio
from base64 import b64decode, b64encode

import structlog
from pydantic import ValidationError

from deploytrail.errors import Misconfigured, Unavailable
from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing
from deploytrail.kube.client import SECRETS, AlreadyExists, Kube, Object
from deploytrail.kube.watch import Reflector
from deploytrail.record.instant import to_rfc3339

log = structlog.get_logger()

LABEL = "deploytrail.dev/key"
PREFIX = "deploytrail-key-"
_LISTS = ("scopes", "apis", "products", "environments")


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
        """Store a new key. Misconfigured when its name is taken."""
        try:
            await self._kube.create(SECRETS, self._namespace, to_secret(key))
        except AlreadyExists as error:
            raise Misconfigured(f"a key named {key.name} exists already: revoke it or choose another name") from error

    async def list(self) -> list[Key]:
        """All keys, by name."""
        page = await self._kube.list(SECRETS, self._namespace, labelSelector=f"{LABEL}=true")
        keys = [key for secret in page["items"] if (key := _parse(secret)) is not None]
        return sorted(keys, key=lambda key: key.name)

    async def delete(self, name: str) -> bool:
        """Remove a key; whether it was there."""
        removed = await self._kube.delete(SECRETS, self._namespace, PREFIX + name)
        return removed or await self._kube.delete(SECRETS, self._namespace, name)

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
    fields = {"digest": key.digest, "createdAt": to_rfc3339(key.created_at)}
    fields |= {name: "\n".join(sorted(getattr(key, name))) for name in _LISTS if getattr(key, name)}
    if key.expires_at is not None:
        fields["expiresAt"] = to_rfc3339(key.expires_at)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": PREFIX + key.name, "labels": {LABEL: "true"}},
        "data": {name: b64encode(value.encode()).decode() for name, value in fields.items()},
    }


def from_secret(secret: Object) -> Key:
    """The key a Secret keeps. ValueError when it keeps none."""
    data = {name: b64decode(value).decode().strip() for name, value in (secret.get("data") or {}).items()}
    lists = {name: frozenset(filter(None, map(str.strip, data.get(name, "").splitlines()))) for name in _LISTS}
    return Key.model_validate(
        {
            "name": secret["metadata"]["name"].removeprefix(PREFIX),
            "digest": data.get("digest", ""),
            "created_at": data.get("createdAt") or secret["metadata"]["creationTimestamp"],
            "expires_at": data.get("expiresAt"),
            **lists,
        }
    )


def _parse(secret: Object) -> Key | None:
    try:
        return from_secret(secret)
    except (ValidationError, ValueError) as error:
        fields = [str(e["loc"][0]) for e in error.errors()] if isinstance(error, ValidationError) else ["data"]
        log.warning("key_ignored", name=secret["metadata"]["name"], fields=fields)
        return None
