"""Who looks at a page: whoever has a session, whoever a trusted proxy vouches for, or anybody where that is allowed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from fastapi import Request

from deploytrail.keys.model import Key
from deploytrail.keys.ring import KeyRing
from deploytrail.serve.pages.sessions import COOKIE, seal, unseal
from deploytrail.serve.pages.settings import PageSettings

LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may read."""

    name: str | None
    """The key's, or the user's; None for anybody."""
    key: Key | None = None
    """Whose session it is."""
    cookie: str | None = None
    """The session once more, lasting longer, when it is time for that."""


class Visitors:
    """Tells who asks."""

    def __init__(self, settings: PageSettings, ring: KeyRing, clock: Callable[[], datetime]) -> None:
        self._settings, self._ring, self._clock = settings, ring, clock
        self.session = timedelta(hours=settings.session_hours)

    def of(self, request: Request) -> Visitor | None:
        """Who asks, if they may read. Unavailable while no keys were read yet and a session would need one."""
        return self._by_proxy(request) or self._by_session(request) or self._anybody()

    def is_trusted(self, request: Request) -> bool:
        """Whether the request comes right from a proxy whose headers are believed."""
        try:
            address = ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._settings.trusted_proxies)

    def is_secure(self, request: Request) -> bool:
        """Whether the browser speaks https: it says so itself when it sends a form, or a trusted proxy does."""
        told = request.headers.get("x-forwarded-proto") if self.is_trusted(request) else None
        return "https" in (request.url.scheme, told, urlsplit(request.headers.get("origin", "")).scheme)

    def _by_proxy(self, request: Request) -> Visitor | None:
        if not self._settings.user_header or not self.is_trusted(request):
            return None
        names = request.headers.getlist(self._settings.user_header)
        if len(names) != 1 or not names[0].strip() or len(names[0]) > LONGEST_NAME:
            return None  # two of them: one may be the client's own
        return Visitor(names[0].strip())

    def _by_session(self, request: Request) -> Visitor | None:
        cookie = request.cookies.get(COOKIE)
        found = unseal(cookie, self._ring, self._clock()) if cookie else None
        if found is None:
            return None
        key, left = found
        self._ring.use(key, self._clock())
        return Visitor(key.name, key, seal(key, self._clock() + self.session) if left < self.session / 2 else None)

    def _anybody(self) -> Visitor | None:
        return Visitor(None) if self._settings.anonymous else None


def came_from_here(request: Request) -> bool:
    """Whether a form was sent from one of our own pages, as the browser tells; others have no cookies to abuse.

    The host is compared, not the scheme: a proxy may end TLS.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
