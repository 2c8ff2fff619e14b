"""The keys in force right now: one dictionary look-up per request."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from deploytrail.errors import Unavailable
from deploytrail.keys.model import LONGEST, Key, Scope, digest


class KeyRing:
    """Filled by a backend (file or Secrets) whenever keys change; asked by every request."""

    def __init__(self, keys: Iterable[Key] | None = None) -> None:
        """Without ``keys`` nobody knows yet which are good."""
        self._by_digest: dict[str, Key] = {}
        self._by_name: dict[str, Key] = {}
        self._used: dict[str, datetime] = {}
        self._filled = False
        if keys is not None:
            self.replace(keys)

    def replace(self, keys: Iterable[Key]) -> None:
        """From now on exactly these keys are good."""
        self._by_digest = {key.digest: key for key in keys}
        self._by_name = {key.name: key for key in self._by_digest.values()}
        self._filled = True

    def __len__(self) -> int:
        return len(self._by_digest)

    @property
    def used(self) -> Mapping[str, datetime]:
        """When the keys that are in force were last good for something here, by name."""
        names = {key.name for key in self._by_digest.values()}
        return {name: when for name, when in self._used.items() if name in names}

    def holds(self, text: str) -> bool:
        """Whether this is a key, in force or expired."""
        return digest(text) in self._by_digest

    def find(self, presented: str | None, *, scope: Scope, now: datetime, api: str | None = None) -> Key | None:
        """The key, if it is known, in force, and good for this scope and API. Unavailable while no keys were read yet.

        Looking up a digest leaks nothing by its timing: whoever presents a key does not choose its digest.
        """
        if not presented or len(presented) > LONGEST:
            return None
        self._must_be_filled()
        key = self._by_digest.get(digest(presented))
        if key is None or not _is_good(key, scope, api, now):
            return None
        self._used[key.name] = now
        return key

    def find_signer(self, signed: Callable[[bytes], bool], *, scope: Scope, now: datetime, api: str) -> Key | None:
        """The key that something was signed with, as ``signed`` says of a key; otherwise as ``find``."""
        self._must_be_filled()
        for key in self._by_digest.values():
            if key.signing is None or not _is_good(key, scope, api, now):
                continue
            if signed(key.signing.get_secret_value().encode()):
                self._used[key.name] = now
                return key
        return None

    def named(self, name: str, *, scope: Scope, now: datetime) -> Key | None:
        """The key of this name, if it is in force. Nobody has shown yet that they have it: no use is noted."""
        self._must_be_filled()
        key = self._by_name.get(name)
        return key if key is not None and _is_good(key, scope, None, now) else None

    def use(self, key: Key, now: datetime) -> None:
        """Note that the key was good for something."""
        self._used[key.name] = now

    def _must_be_filled(self) -> None:
        if not self._filled:  # a refusal would be for good, and the key may be good
            raise Unavailable("the keys have not been read yet")


def _is_good(key: Key, scope: Scope, api: str | None, now: datetime) -> bool:
    if scope not in key.scopes or (api is not None and key.apis and api not in key.apis):
        return False
    return key.expires_at is None or key.expires_at > now
