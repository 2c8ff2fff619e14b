"""An order for a key, as the command line and the API take it, and the key that is made of it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key, Scope, Word, digest, is_signed_with
from deploytrail.record.model import Frozen

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_LAST_NUMBER = re.compile(r"(?P<series>.+)-(?P<number>[1-9][0-9]*)")
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,18}}){unit})?" for unit in "wdhms"))
_LONGEST_LIFE = timedelta(days=36_500)


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("use up to 63 letters a-z, digits, - and .")
    return name


class Order(Frozen):
    """What a key shall be."""

    name: Annotated[str, AfterValidator(_check_name)] = Field(
        description="Its name, unique; kept with everything it reports.", examples=["ci"]
    )
    scopes: frozenset[Scope] = Field(min_length=1, description="What it is for.", examples=[["ingest"]])
    apis: frozenset[str] = Field(frozenset(), description="The ingest APIs it may speak; none for all.")
    products: frozenset[Word] = Field(frozenset(), description="The products it may report; none for all.")
    environments: frozenset[Word] = Field(frozenset(), description="The environments it may report; none for all.")
    product: Word | None = Field(None, description="What it reports for, over an API without a word for it.")
    environment: Word | None = Field(None, description="Where to, over an API without a word for it.")
    workspace: Word | None = Field(None, description="Its workspace, where environments are per workspace.")
    expires: str | None = Field(
        None,
        max_length=64,
        description="When it ends: a time such as 2027-01-31T00:00:00Z, or from now on, such as 90d or 12h.",
        examples=["90d"],
    )

    def key(self, secret: str, *, now: datetime) -> Key:
        """The key that ``secret`` shall be. Rejected or pydantic's ValidationError when it cannot be."""
        return Key(
            **self.model_dump(exclude={"expires"}),
            digest=digest(secret),
            signing=SecretStr(secret) if is_signed_with(secret, self.apis) else None,
            created_at=now.replace(microsecond=0),
            expires_at=None if self.expires is None else parse_expiry(self.expires, now=now),
        )


def parse_expiry(text: str, *, now: datetime) -> datetime:
    """A time, or how long from now. Rejected when it is neither, or over."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = (now + parse_duration(text)).replace(microsecond=0)
    try:
        when = when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise _too_long() from error
    if when <= now:
        raise Rejected("that is over already", reason="invalid-field", field="expires")
    if when - now > _LONGEST_LIFE:
        raise _too_long()
    return when


def parse_duration(text: str) -> timedelta:
    """``90d``, ``12h``, ``1h30m``. Rejected when it is none, or longer than a hundred years."""
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise Rejected(
            "write a time such as 2027-01-31T00:00:00Z, or how long such as 90d, 12h or 1h30m",
            reason="invalid-field",
            field="expires",
        )
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    try:
        duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise _too_long() from error
    if duration > _LONGEST_LIFE:
        raise _too_long()
    return duration


def _too_long() -> Rejected:
    return Rejected("that is more than a hundred years from now", reason="invalid-field", field="expires")


def successor(key: Key, secret: str, *, taken: set[str], now: datetime) -> Key:
    """A key that may do what ``key`` may, for as long, under the next free name of its series: ci, ci-2, ci-3.

    An API without products takes the key's name for one; so that nothing is recorded under another name from now on,
    the old name becomes the product.
    """
    numbered = _LAST_NUMBER.fullmatch(key.name)
    series, number = (numbered["series"], int(numbered["number"])) if numbered else (key.name, 1)
    while f"{series}-{number}" in taken or number == 1:
        number += 1
    name = f"{series}-{number}"
    nameless = Scope.INGEST in key.scopes and (not key.products or key.name in key.products)
    if not _NAME.fullmatch(name):
        raise Rejected(f"the key {key.name} has too long a name to be followed by {name}", reason="invalid-field")
    life = key.expires_at - key.created_at if key.expires_at is not None else None
    created = now.replace(microsecond=0)
    return key.model_copy(
        update={
            "name": name,
            "product": key.product or (key.name if nameless else None),
            "digest": digest(secret),
            "signing": SecretStr(secret) if is_signed_with(secret, key.apis) else None,
            "created_at": created,
            "expires_at": created + life if life is not None else None,
        }
    )
