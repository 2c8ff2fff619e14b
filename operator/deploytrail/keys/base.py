"""The port: where keys are kept, and how the ring comes to know of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from deploytrail.errors import Conflict, Rejected
from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing


class KeyBackend(Protocol):
    """Keeps keys. All but ``start``, ``stop`` and ``check`` work without a ring: the command line has none."""

    async def start(self, ring: KeyRing) -> None:
        """Fill the ring, and keep it as the backend is until ``stop``: a revoked key is refused within a second."""

    async def stop(self) -> None:
        """Stop following; the ring keeps what it has."""

    async def check(self) -> None:
        """Raise Unavailable while the ring may lack keys that are good."""

    async def create(self, key: Key) -> None:
        """Store a new key, durably. Conflict when its name is taken, or the key itself stored under another name."""

    async def list(self) -> list[Key]:
        """All keys, by name."""

    async def expire(self, name: str, at: datetime) -> None:
        """Let a key end at this time, unless it ends sooner anyway. Rejected when there is none of this name."""

    async def delete(self, name: str) -> bool:
        """Remove a key, durably; whether it was there.

        This, ``create`` and ``expire`` raise Rejected, reason permission, when whoever runs us may not do it.
        """

    async def uses(self) -> dict[str, datetime]:
        """When keys were last used, to the hour, by name."""

    async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
        """Keep when keys were last used, for those of them that are there. What is later already stays."""


def check_new(key: Key, keys: Iterable[Key]) -> None:
    """Raise Conflict when one of ``keys`` has the name already, or is the same key."""
    for other in keys:
        if other.name == key.name:
            raise Conflict(f"a key named {key.name} exists already: revoke it or choose another name", field="name")
        if other.digest == key.digest:
            raise Conflict(f"this key is stored already, under the name {other.name}", field="name")


def ended(key: Key, at: datetime) -> Key:
    """The key, over at this time or sooner."""
    return key.model_copy(update={"expires_at": min(at, key.expires_at or at)})


def absent(name: str) -> Rejected:
    """What is said when there is no key of this name."""
    return Rejected(f"there is no key named {name}", reason="not-found", field="name")
