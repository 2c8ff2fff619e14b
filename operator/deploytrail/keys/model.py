"""A key: its name, what it may do, and the digest by which it is recognised.

The key itself is never kept, with one exception: where senders sign with it and never send it.
"""

import secrets
from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Self

from pydantic import Field, PlainSerializer, SecretStr, SerializationInfo, model_validator

from deploytrail.record.model import Frozen, Instant

SHORTEST, LONGEST = 16, 512
"""Characters of a key of somebody's own. A shorter one can be guessed; a longer one would be costly to refuse."""

_ID_BYTES = 4
_SECRET_BYTES = 24  # 192 random bits: a plain sha256 is then as good as a slow hash, and costs 0.4 µs

Word = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=512)]
"""A name on one line, without white space around it."""

SIGNED: Mapping[str, str] = {"github": "", "gitlab": "whsec_"}
"""The APIs whose senders sign, and how what they sign with begins: a key for one of them that does is kept itself."""

TO_KEEP: dict[str, Any] = {"keep": True}
"""The context of a dump that keeps a key; in any other what it signs with is hidden."""


def _hide(secret: SecretStr | None, info: SerializationInfo) -> str | None:
    if secret is None:
        return None
    return secret.get_secret_value() if info.context == TO_KEEP else str(secret)


Signing = Annotated[SecretStr | None, PlainSerializer(_hide, when_used="json-unless-none")]


class Scope(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


class Key(Frozen):
    """What is kept of a key. The limits hold for what it reports; whoever may read, may read everything."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")
    """Unique in an installation; stands with everything the key reports."""
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """sha256 of the whole key, hexadecimal."""
    signing: Signing = None
    """The whole key, where its senders sign with it. Never shown and never logged."""
    scopes: frozenset[Scope]
    apis: frozenset[str] = frozenset()
    """The ingest APIs it may speak; empty means all."""
    products: frozenset[Word] = frozenset()
    """The products it may report; empty means all."""
    environments: frozenset[Word] = frozenset()
    """The environments it may report; empty means all."""
    product: Word | None = None
    """What it reports for, over an API that names no product."""
    environment: Word | None = None
    """Where to, over an API that names no environment."""
    workspace: Word | None = None
    """Whose environments it may name, over an API that knows workspaces."""
    created_at: Instant
    expires_at: Instant | None = None

    @model_validator(mode="after")
    def _reports_what_it_may(self) -> Self:
        for told, allowed in ((self.product, self.products), (self.environment, self.environments)):
            if told is not None and allowed and told not in allowed:
                raise ValueError("the default product or environment is not one that the key may report")
        return self


def digest(key: str) -> str:
    """How a key is recognised without being known."""
    return sha256(key.encode()).hexdigest()


def is_signed_with(key: str, apis: Iterable[str]) -> bool:
    """Whether senders over one of these APIs would sign with the key and not send it."""
    return any(api in SIGNED and key.startswith(SIGNED[api]) for api in apis)


def new_key() -> str:
    """A key for a person or a CI job to keep: ``dtk_<id>_<secret>``."""
    return f"dtk_{secrets.token_hex(_ID_BYTES)}_{secrets.token_urlsafe(_SECRET_BYTES).replace('_', '-')}"
