"""Keys in a JSON file: written whole or not at all, watched so that a revoked key stops within a second."""

import asyncio
import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog
from pydantic import TypeAdapter, ValidationError

from deploytrail.disk import sync_folder
from deploytrail.errors import Misconfigured, Rejected, Unavailable
from deploytrail.keys.base import absent, check_new, ended
from deploytrail.keys.model import TO_KEEP, Key
from deploytrail.keys.ring import KeyRing
from deploytrail.keys.uses import merge
from deploytrail.record.model import Instant

log = structlog.get_logger()

_KEYS = TypeAdapter(tuple[Key, ...])
_USES = TypeAdapter(dict[str, Instant])

Stamp = tuple[int, int, int] | None


class FileKeys:
    """See KeyBackend. ``poll_seconds`` is how long a change of the file may go unseen."""

    def __init__(self, path: Path, *, poll_seconds: float = 0.5) -> None:
        self._path, self._poll_seconds = path, poll_seconds
        self._seen: Stamp = None
        self._following: asyncio.Task[None] | None = None

    async def start(self, ring: KeyRing) -> None:
        """See KeyBackend. Misconfigured when the file is there and cannot be read as keys."""
        self._seen = await asyncio.to_thread(_stamp, self._path)
        ring.replace(await asyncio.to_thread(read_keys, self._path))
        if not len(ring):
            log.warning("keys_absent", path=str(self._path))
        self._following = asyncio.create_task(self._follow(ring), name="keys-follow")

    async def stop(self) -> None:
        """See KeyBackend."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def check(self) -> None:
        """See KeyBackend. A file that cannot be read leaves the keys read last in force, and is no reason to stop."""
        if self._following is not None and self._following.done():
            raise Unavailable("changes of the keys file are no longer followed")

    async def create(self, key: Key) -> None:
        """See KeyBackend."""

        def add(keys: tuple[Key, ...]) -> tuple[Key, ...]:
            check_new(key, keys)
            return (*keys, key)

        await asyncio.to_thread(change_keys, self._path, add)

    async def list(self) -> list[Key]:
        """See KeyBackend."""
        keys = await asyncio.to_thread(read_keys, self._path)
        return sorted(keys, key=lambda key: key.name)

    async def expire(self, name: str, at: datetime) -> None:
        """See KeyBackend."""

        def shorten(keys: tuple[Key, ...]) -> tuple[Key, ...]:
            if all(key.name != name for key in keys):
                raise absent(name)
            return tuple(ended(key, at) if key.name == name else key for key in keys)

        await asyncio.to_thread(change_keys, self._path, shorten)

    async def delete(self, name: str) -> bool:
        """See KeyBackend."""
        return await asyncio.to_thread(
            change_keys, self._path, lambda keys: tuple(key for key in keys if key.name != name)
        )

    async def uses(self) -> dict[str, datetime]:
        """See KeyBackend. They stand in a file beside that of the keys, which thus changes only when keys do."""
        return await asyncio.to_thread(_read_uses, self._uses_path)

    async def keep_uses(self, uses: Mapping[str, datetime]) -> None:
        """See KeyBackend."""
        await asyncio.to_thread(self._merge_uses, uses)

    @property
    def _uses_path(self) -> Path:
        return self._path.with_name(f".{self._path.name}.uses")

    def _merge_uses(self, uses: Mapping[str, datetime]) -> None:
        try:
            with _locked(self._path):
                before = _read_uses(self._uses_path)
                after = merge(before, uses, names={key.name for key in read_keys(self._path)})
                if after != before:
                    _write(self._uses_path, _USES.dump_json(after, indent=2))
        except OSError as error:
            raise Misconfigured(f"cannot write {self._uses_path}: {error.strerror}") from error

    async def _follow(self, ring: KeyRing) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                stamp = await asyncio.to_thread(_stamp, self._path)
                if stamp == self._seen:
                    continue
                self._seen = stamp
                ring.replace(await asyncio.to_thread(read_keys, self._path))
                log.info("keys_read", path=str(self._path), count=len(ring))
            except Misconfigured as error:
                log.error("keys_unreadable", error=str(error))  # noqa: TRY400 - the sentence says it all


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in the file; none when it does not exist. Misconfigured when it holds anything else."""
    try:
        return _KEYS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Misconfigured(f"cannot read the keys file {path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Misconfigured(f"the keys file {path} is not a list of keys: {where}: {first['msg']}") from None


def change_keys(path: Path, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> bool:
    """Read, change and write the file, alone; whether anything changed. Misconfigured when it cannot be written."""
    try:
        with _locked(path):
            before = read_keys(path)
            after = change(before)
            if after != before:
                _write(path, _KEYS.dump_json(after, indent=2, exclude_defaults=True, context=TO_KEEP))
            return after != before
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES):  # as a Secret is that was mounted
            raise Rejected(f"the keys file {path} may only be read", reason="permission") from error
        raise Misconfigured(f"cannot write the keys file {path}: {error.strerror}") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at once must not lose a key. The lock is a file of its own: the keys file is replaced on writing."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_uses(path: Path) -> dict[str, datetime]:
    """What is not there, or no such file, says of no key when it was used: nobody is locked out for that."""
    try:
        return _USES.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    """Replace the file; after a power cut it is the old one or the new one. Only its owner may read it."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        try:
            new.write(content + b"\n")
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(path)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misconfigured(f"cannot read the keys file {path}: {error.strerror}") from error
    return status.st_mtime_ns, status.st_size, status.st_ino
