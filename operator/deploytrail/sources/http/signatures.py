"""Signatures of bodies, by senders that never send their key: what the head tells of one, and whether a key made it."""

import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far the clock of a sender that says when it signed may be from ours; Standard Webhooks' own libraries say so."""

_HEXADECIMAL = re.compile(r"sha256=([0-9a-f]{64})")
_SECONDS = re.compile(r"\d{1,11}")
_BASE64 = re.compile(r"v1,([A-Za-z0-9+/]{43}=)")
_MOST = 8
"""Signatures of one request: more than a change of keys needs."""


@dataclass(frozen=True, slots=True)
class Signature:
    """That of a body which is yet to be read."""

    digests: tuple[bytes, ...]
    """HMAC-SHA256; while keys change there may be one by each."""
    before: bytes = b""
    """What was signed with the body, in front of it."""
    at: datetime | None = None
    """When it was signed, where that is told."""
    key_of: Callable[[bytes], bytes] = bytes
    """The key of the HMAC, from the secret as people copy it."""

    def is_fresh(self, now: datetime) -> bool:
        """Whether it was made just now, as far as it tells."""
        return self.at is None or abs(now - self.at) <= TOLERANCE

    def is_by(self, secret: bytes, content: bytes) -> bool:
        """Whether this secret signed this body. Takes the same time for each that did not."""
        made = hmac.digest(self.key_of(secret), self.before + content, "sha256")
        return any([hmac.compare_digest(made, told) for told in self.digests])  # noqa: C419 - all are compared


def hmac_in_header(name: str) -> Callable[[Mapping[str, str]], Signature | None]:
    """``sha256=`` and the signature in hexadecimal."""

    def find(headers: Mapping[str, str]) -> Signature | None:
        found = _HEXADECIMAL.fullmatch(headers.get(name.lower(), ""))
        return Signature((bytes.fromhex(found[1]),)) if found else None

    return find


def standard_webhook(headers: Mapping[str, str]) -> Signature | None:
    """As https://www.standardwebhooks.com/ has it: the id, the second and the body are signed, joined by dots."""
    name, second = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    found = [_BASE64.fullmatch(each) for each in headers.get("webhook-signature", "").split()[:_MOST]]
    digests = tuple(b64decode(each[1]) for each in found if each)
    if not name or not digests or not _SECONDS.fullmatch(second):
        return None
    before = f"{name}.{second}.".encode("latin-1")
    return Signature(digests, before=before, at=datetime.fromtimestamp(int(second), UTC), key_of=_standard_key)


def _standard_key(secret: bytes) -> bytes:
    """What the secret stands for, base64 behind ``whsec_``; itself, where it is nothing of the sort."""
    try:
        return b64decode(secret.removeprefix(b"whsec_"), validate=True) or secret
    except ValueError:
        return secret
