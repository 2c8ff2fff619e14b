"""A session is a cookie that names a key and an end, sealed with a secret that only the key's own digest gives.

So every replica can check it without a state they share, and it ends with the key: revoked, expired or without the
scope. The key itself is never in it.
"""

import hmac
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from deploytrail.keys.model import Key, Scope
from deploytrail.keys.ring import KeyRing

COOKIE = "deploytrail_session"

_SEALED = re.compile(r"([a-z0-9.-]{1,63})~(\d{10,12})~([0-9a-f]{64})")
_PURPOSE = b"deploytrail page session 1 "


def seal(key: Key, until: datetime) -> str:
    """The cookie of a session that lasts until then."""
    said = f"{key.name}~{int(until.timestamp())}"
    return f"{said}~{_mac(key, said)}"


def unseal(cookie: str, ring: KeyRing, now: datetime) -> tuple[Key, timedelta] | None:
    """The key of a session, and how long it still lasts; None when it is none, or over. Unavailable: see KeyRing."""
    parts = _SEALED.fullmatch(cookie)
    if parts is None:
        return None
    name, until, mac = parts.groups()
    left = datetime.fromtimestamp(int(until), UTC) - now
    key = ring.named(name, scope=Scope.READ, now=now) if left > timedelta(0) else None
    if key is None or not hmac.compare_digest(mac, _mac(key, f"{name}~{until}")):
        return None
    return key, left


def _mac(key: Key, said: str) -> str:
    return hmac.new(bytes.fromhex(key.digest), _PURPOSE + said.encode(), sha256).hexdigest()
