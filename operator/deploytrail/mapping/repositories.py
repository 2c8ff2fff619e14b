"""The many ways to write where a repository is, brought to one: equal repositories give equal text."""

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_SCP = re.compile(rf"(?:[^@/\s:]+@)?(?P<host>{_HOST}):(?P<path>/?[^\s/][^\s]*)")
_BARE = re.compile(rf"(?:[^@/\s:]+@)?(?P<location>(?P<host>{_HOST})(?::\d+)?/[^\s/][^\s]*)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_USERINFO = re.compile(r"(?<=://)[^/\s\"']*@")
_QUERY = re.compile(r"(://[^\s\"'?#]*)[?#][^\s\"']*")
_AFTER_PATH = re.compile(r"[?#]")
_PAGE = re.compile(r"(?P<repository>/[^/]+/[^/]+(?:/[^/]+)*?)/(?:-|tree|blob|commit|commits|pull|releases|compare)/.*")

_OPAQUE = ("oci", "s3", "gs")
"""Schemes under which the same path means something else than a git repository on the web."""

_SSH_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
}
"""Hosts that answer only git, and the host a person would open."""

_TWO_SEGMENTS = ("github.com", "bitbucket.org")
"""Where a repository is always owner/name, and whatever follows is a page about it."""


def normalise(repo_url: str) -> str:
    """``https://host/path`` without credentials, ``.git``, ssh port, query or page; equal repositories are equal.

    Web and clone URLs, ``git@host:path``, ``ssh://`` and ``host/path`` become one. ``oci://`` stays what it is, and so
    does text that names no host, such as ``owner/name``. The path's case is kept: not every host ignores it.
    Never raises: what cannot be read as a location comes back without its credentials.
    """
    text = strip_credentials(repo_url.strip())
    try:
        return _normalise(text)
    except ValueError:
        return text


def strip_credentials(text: str) -> str:
    """The text with every ``user:secret@`` taken out of the URLs in it."""
    return _USERINFO.sub("", text)


def strip_secrets(text: str) -> str:
    """The text with credentials, queries (``?token=…``) and fragments taken out of the URLs in it."""
    return _QUERY.sub(r"\1", strip_credentials(text))


def strip_location(repo_url: str) -> str:
    """Where the repository is, as it was written, without credentials, query and fragment."""
    return _AFTER_PATH.split(strip_credentials(repo_url), maxsplit=1)[0]


@lru_cache(maxsize=4096)  # few repositories report again and again; what is kept holds no credentials any more
def _normalise(text: str) -> str:
    if _SCHEME.match(text):
        return _from_url(urlsplit(text))
    scp = _SCP.fullmatch(text)
    if scp is not None and not re.match(r"\d+/", scp["path"]):
        return _from_url(urlsplit(f"ssh://{scp['host']}/{scp['path']}"))
    bare = _BARE.fullmatch(text)
    if bare is not None and ("." in bare["host"] or bare["host"] == "localhost"):
        return _from_url(urlsplit(f"{'ssh' if '@' in text else 'https'}://{bare['location']}"))
    return text.removesuffix(".git")


def _from_url(url: SplitResult) -> str:
    scheme = url.scheme.lower().removeprefix("git+")
    host = (url.hostname or "").lower()
    if not re.fullmatch(_HOST, _authority(host, None)):
        raise ValueError("no host")
    if scheme in _OPAQUE:
        return f"{scheme}://{_authority(host, url.port)}/{_trim(url.path)}".rstrip("/")
    path = _azure(host, _trim(url.path))
    host = _SSH_HOSTS.get(host, host).removeprefix("www.")
    page = _PAGE.fullmatch(f"/{path}")
    path = _trim(page["repository"]) if page else path
    if host in _TWO_SEGMENTS:
        path = _trim("/".join(path.split("/")[:2]))
    # An explicit port of a web server is another server; an ssh port says nothing about where the web one listens.
    port = url.port if scheme in ("http", "https") and url.port not in (80, 443) else None
    scheme = scheme if port is not None else "https"
    return f"{scheme}://{_authority(host, port)}/{path}".rstrip("/")


def _authority(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _azure(host: str, path: str) -> str:
    parts = path.split("/")
    if host == "ssh.dev.azure.com" and len(parts) == 4:
        return "/".join((parts[1], parts[2], "_git", parts[3]))
    return path


def _trim(path: str) -> str:
    return re.sub(r"/{2,}", "/", path).strip("/").removesuffix(".git").rstrip("/")
