"""A place for keys that forgets them: what the API does with keys, without files or a cluster."""

from collections.abc import Mapping
from datetime import datetime

from deploytrail.errors import Rejected
from deploytrail.keys.base import absent, check_new, ended
from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.uses import merge


class MemoryKeys:
    """See KeyBackend. The ring knows at once of what changes."""

    def __init__(self, ring: KeyRing, *keys: Key) -> None:
        self._ring = ring
        self._keys = {key.name: key for key in keys}
        self.kept: dict[str, datetime] = {}

    async def start(self, ring: KeyRing) -> None:
        self._ring = ring
        self._tell()

    async def stop(self) -> None: ...

    async def check(self) -> None: ...

    async def create(self, key: Key) -> None:
        check_new(key, self._keys.values())
        self._keys[key.name] = key
        self._tell()

    async def list(self) -> list[Key]:
        return sorted(self._keys.values(), key=lambda key: key.name)

    async def expire(self, name: str, at: datetime) -> None:
        if name not in self._keys:
            raise absent(name)
        self._keys[name] = ended(self._keys[name], at)
        self._tell()

    async def delete(self, name: str) -> bool:
        found = self._keys.pop(name, None) is not None
        self._tell()
        return found

    async def uses(self) -> dict[str, datetime]:
        return dict(self.kept)

    async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
        self.kept = merge(self.kept, uses, names=set(self._keys))

    def _tell(self) -> None:
        self._ring.replace(self._keys.values())


class ReadOnlyKeys(MemoryKeys):
    """Whoever runs us may look, and no more: as in a cluster, by default."""

    async def create(self, key: Key) -> None:
        raise Rejected("no right to create Secrets in the namespace deploytrail", reason="permission")

    async def delete(self, name: str) -> bool:
        raise Rejected("no right to delete Secrets in the namespace deploytrail", reason="permission")
