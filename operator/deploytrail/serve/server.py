"""The listener: uvicorn inside an event loop that is not its own."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from deploytrail.errors import Misconfigured, Rejected
from deploytrail.serve.connections import Connections
from deploytrail.serve.protocol import Explain, LimitedConfig, LimitedProtocol, ServerLimits

log = structlog.get_logger()

_OTHER_FILES = 100
"""What is open besides connections of clients: the API server's, the log, the keys."""

_EVERY_TICKS = 5
"""uvicorn ticks ten times a second; slow requests are looked for twice."""


class Server:
    """One address, one ASGI application. Signals are the caller's business."""

    def __init__(
        self, app: ASGIApp, *, listen: str, limits: ServerLimits | None = None, explain: Explain | None = None
    ) -> None:
        """``listen`` is ``host:port`` or ``[address]:port``; port 0 takes a free one."""
        self._listen, self._limits = listen, limits or ServerLimits()
        self._listener: socket.socket | None = None
        self._port: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._config = _configure(app, self._limits, explain or _no_api)
        self._uvicorn = _Uvicorn(self._config)

    @property
    def port(self) -> int:
        """The port that is listened on, once it was taken."""
        if self._port is None:
            raise RuntimeError("the server has no address yet")
        return self._port

    def bind(self) -> socket.socket:
        """Take the address, once; who connects now waits until ``start``. Misconfigured when it cannot be had."""
        if self._listener is None:
            self._listener = _bind(self._listen)
            self._port = self._listener.getsockname()[1]
        return self._listener

    async def start(self) -> None:
        """Listen. Misconfigured when the address cannot be had."""
        _raise_file_limit(self._limits.connections + _OTHER_FILES)
        self._task = asyncio.create_task(self._uvicorn.serve(sockets=[self.bind()]), name="http-serve")
        listening = asyncio.create_task(self._uvicorn.listening.wait())
        await asyncio.wait({self._task, listening}, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if self._task.done():
            await self._task

    async def wait(self) -> None:
        """Return when the server has stopped; raises what made it stop, if it did so by itself."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def leave(self) -> None:
        """Answer as before, but each connection only once more: who asks again is to ask somebody else."""
        self._config.leaving = True

    async def stop(self) -> None:
        """Stop accepting, finish what is under way within the grace, close. Safe to call twice."""
        self._uvicorn.should_exit = True
        if self._task is not None:
            await self._task


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: LimitedConfig) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % _EVERY_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, LimitedProtocol):
                    connection.expire(now)
        return await super().on_tick(counter)


def _no_api(path: str, error: Rejected) -> None:
    """There is none, at whatever path."""


def _raise_file_limit(files: int) -> None:
    """Each connection is a file, and what a process is allowed is often less than what it would be granted."""
    allowed, granted = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or allowed >= files:
        return
    most = files if granted == resource.RLIM_INFINITY else min(files, granted)
    if most < files:
        log.warning("file_limit_low", needed=files, granted=granted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, granted))


def _configure(app: ASGIApp, limits: ServerLimits, explain: Explain) -> LimitedConfig:
    config = LimitedConfig(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,  # it would print the tokens that some APIs carry in the query
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=limits.grace_seconds,
    )
    config.limits, config.open, config.explain = limits, Connections(limits.connections), explain
    return config


def _bind(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not port.isdecimal() or int(port) > 65535:  # the resolver would take a larger one modulo 65536
        raise Misconfigured(f"cannot listen on {listen}: {port!r} is no port")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        every = host == "::" and socket.has_dualstack_ipv6()
        listener = socket.create_server(address[:2], family=family, backlog=2048, dualstack_ipv6=every)
    except (OSError, UnicodeError) as error:
        # The socket module adds the address once more, as Python writes it.
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        reason = said.partition(" (while attempting")[0]
        raise Misconfigured(f"cannot listen on {listen}: {reason}") from error
    # asyncio sets this on sockets it made itself; on ours it does not, and each answer then waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
