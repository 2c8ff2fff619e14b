"""Notification preferences: in a dict, and in one ConfigMap, an entry each."""

from pydantic import ValidationError

from deploytrail.errors import Rejected, Unavailable
from deploytrail.kube.client import CONFIG_MAPS, AlreadyExists, Kube, Object, Stale
from deploytrail.record.preference import Preference

NAME = "deploytrail-notification-preferences"
"""The ConfigMap."""

MOST = 1000
"""Preferences of one installation: a ConfigMap holds a megabyte."""


class MemoryPreferences:
    """See Preferences, for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, Preference] = {}

    async def list(self) -> tuple[Preference, ...]:
        """See Preferences."""
        return tuple(sorted(self._kept.values(), key=_order))

    async def put(self, preference: Preference) -> Preference:
        """See Preferences."""
        _check_room(self._kept, preference)
        return self._kept.setdefault(preference.id, preference)

    async def delete(self, preference_id: str) -> bool:
        """See Preferences."""
        return self._kept.pop(preference_id, None) is not None


class KubernetesPreferences:
    """See Preferences. Written optimistically: what somebody else wrote meanwhile is read and written with it."""

    def __init__(self, kube: Kube, *, home: str) -> None:
        self._kube, self._home = kube, home

    async def list(self) -> tuple[Preference, ...]:
        """See Preferences."""
        _, kept = await self._read()
        return tuple(sorted(kept.values(), key=_order))

    async def put(self, preference: Preference) -> Preference:
        """See Preferences."""
        while True:
            stored, kept = await self._read()
            if preference.id in kept:
                return kept[preference.id]
            _check_room(kept, preference)
            if await self._write(stored, {**kept, preference.id: preference}):
                return preference

    async def delete(self, preference_id: str) -> bool:
        """See Preferences."""
        while True:
            stored, kept = await self._read()
            if kept.pop(preference_id, None) is None:
                return False
            if await self._write(stored, kept):
                return True

    async def _read(self) -> tuple[Object | None, dict[str, Preference]]:
        stored = await self._kube.get(CONFIG_MAPS, self._home, NAME)
        entries = (stored or {}).get("data") or {}
        try:
            return stored, {name: Preference.model_validate_json(entry) for name, entry in entries.items()}
        except ValidationError as error:
            raise Unavailable(f"the ConfigMap {NAME} cannot be read: mend or delete it") from error

    async def _write(self, stored: Object | None, kept: dict[str, Preference]) -> bool:
        """Whether nobody else was faster."""
        body: Object = {
            "metadata": {"name": NAME},
            "data": {name: preference.model_dump_json() for name, preference in kept.items()},
        }
        try:
            if stored is None:
                await self._kube.create(CONFIG_MAPS, self._home, body)
            else:
                body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
                await self._kube.replace(CONFIG_MAPS, self._home, NAME, body)
        except (AlreadyExists, Stale):
            return False
        return True


def _order(preference: Preference) -> tuple[object, str]:
    return preference.created_at, preference.id


def _check_room(kept: dict[str, Preference], preference: Preference) -> None:
    if preference.id not in kept and len(kept) >= MOST:
        raise Rejected(f"there are {MOST} notification preferences already, the most there can be", reason="too-large")
