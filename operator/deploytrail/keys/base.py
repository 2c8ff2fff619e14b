"""The port: where keys are kept, and how the ring comes to know of them."""

from typing import Protocol

from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing


class KeyBackend(Protocol):
    """Keeps keys. ``create``, ``list`` and ``delete`` work without ``start``: the command line needs no ring."""

    async def start(self, ring: KeyRing) -> None:
        """Fill the ring, and keep it as the backend is until ``stop``: a revoked key is refused within a second."""

    async def stop(self) -> None:
        """Stop following; the ring keeps what it has."""

    async def check(self) -> None:
        """Raise Unavailable while the ring may lack keys that are good."""

    async def create(self, key: Key) -> None:
        """Store a new key, durably. Misconfigured when its name is taken."""

    async def list(self) -> list[Key]:
        """All keys, by name."""

    async def delete(self, name: str) -> bool:
        """Remove a key, durably; whether it was there."""
