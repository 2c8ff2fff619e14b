"""A key: its name, what it may do, and the digest by which it is recognised. The key itself is never kept."""

import secrets
from enum import StrEnum
from hashlib import sha256

from pydantic import Field

from deploytrail.record.model import Frozen, Instant

_ID_BYTES = 4
_SECRET_BYTES = 24  # 192 random bits: a plain sha256 is then as good as a slow hash, and costs 0.4 µs


class Scope(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class Key(Frozen):
    """What is kept of a key."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")
    """Unique in an installation; stands with everything the key reports."""
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """sha256 of the whole key, hexadecimal."""
    scopes: frozenset[Scope]
    apis: frozenset[str] = frozenset()
    """The ingest APIs it may speak; empty means all."""
    products: frozenset[str] = frozenset()
    """The products it may report; empty means all."""
    environments: frozenset[str] = frozenset()
    """The environments it may report; empty means all."""
    product: str | None = None
    """What it reports for, over an API that names no product."""
    environment: str | None = None
    """Where to, over an API that names no environment."""
    workspace: str | None = None
    """Whose environments it may name, over an API that knows workspaces."""
    created_at: Instant
    expires_at: Instant | None = None


def digest(key: str) -> str:
    """How a key is recognised without being known."""
    return sha256(key.encode()).hexdigest()


def new_key() -> str:
    """A key for a person or a CI job to keep: ``dtk_<id>_<secret>``."""
    return f"dtk_{secrets.token_hex(_ID_BYTES)}_{secrets.token_urlsafe(_SECRET_BYTES).replace('_', '-')}"
