"""A running server on each store, and everything of it that can be killed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from click.testing import CliRunner

from deploytrail.cli import main
from tests.contract.databases import refuse_poison, write
from tests.controlplane.server import ControlPlane
from tests.durability.load import Load
from tests.durability.promises import check_created_once, check_kept
from tests.durability.witness import Holding, in_cluster, in_database
from tests.operator_process import Operator
from tests.postgresql.server import Postgresql
from tests.waiting import wait_until

Fault = Callable[[], None]
"""Something goes wrong and is put right again; returns when reports can be recorded."""

LONGEST_WAIT = 0.1
"""Seconds after an acknowledgement until something is killed, at most."""


@dataclass(frozen=True)
class Rig:
    """A server, how to read what it stored, and what can happen to it."""

    operator: Operator
    read: Callable[[str], Awaitable[Holding]]
    faults: Mapping[str, Fault]
    poisonous: bool = False
    """Whether the database was taught to refuse a product, so that reports about it have to be parted from others."""
    rounds: list[str] = field(default_factory=list)
    """What happened so far."""


def with_faults(rig: Rig, faults: Mapping[str, Fault]) -> Rig:
    """The rig, to which more can happen."""
    return replace(rig, faults={**rig.faults, **faults})


def play(rig: Rig, random: Random, *happening: str) -> None:
    """One round after the other: clients report, something happens, what was acknowledged is checked."""
    for what in happening:
        asyncio.run(_round(rig, random, what))
    check_created_once(rig.operator)


async def _round(rig: Rig, random: Random, what: str) -> None:
    product = f"round-{len(rig.rounds) + 1}"
    rig.rounds.append(what)
    async with Load(rig.operator, product, random, poison=rig.poisonous) as load:
        await load.until(random.randint(1, 60))
        await asyncio.sleep(random.uniform(0, LONGEST_WAIT))  # which moment it hits is left to chance
        await asyncio.to_thread(rig.faults[what])
        await load.until(20)
    await load.again()
    check_kept(load, await rig.read(product))


@contextmanager
def sqlite(folder: Path, *, path: Path | None = None, build: str = "", poisonous: bool = False) -> Iterator[Rig]:
    """A server with a file; ``build`` is the name of a broken one (tests.durability.broken)."""
    url = f"sqlite:///{path or folder / 'deploytrail.db'}"
    with started(url, folder, *_module(build)) as operator:
        if poisonous:
            asyncio.run(write(url, refuse_poison))
        faults: dict[str, Fault] = {"nothing": _nothing, "server": partial(restart, operator)}
        yield Rig(operator, partial(in_database, url), faults, poisonous)


@contextmanager
def postgresql(folder: Path, server: Postgresql, *, build: str = "", poisonous: bool = False) -> Iterator[Rig]:
    """A server with a database; both can be killed, one or both at a time."""
    url = server.create_database()

    def lose_database() -> None:
        server.kill()
        server.start()
        await_ready(operator)

    def lose_both() -> None:
        server.kill()
        operator.kill()
        server.start()
        operator.start()

    with started(url, folder, *_module(build)) as operator:
        if poisonous:
            asyncio.run(write(url, refuse_poison))
        faults: dict[str, Fault] = {
            "nothing": _nothing,
            "server": partial(restart, operator),
            "database": lose_database,
            "both": lose_both,
        }
        yield Rig(operator, partial(in_database, url), faults, poisonous)


@contextmanager
def kubernetes(folder: Path, plane: ControlPlane) -> Iterator[Rig]:
    """A server with a cluster whose parts can be killed."""
    namespace = plane.create_namespace()
    settings = {"DEPLOYTRAIL_KUBECONFIG": str(plane.kubeconfig), "DEPLOYTRAIL_NAMESPACE": namespace}

    def lose_api() -> None:
        plane.stop_api(kill=True)
        plane.start_api()
        await_ready(operator)

    def lose_etcd() -> None:
        plane.kill_etcd()
        plane.start_etcd()
        await_ready(operator)

    def lose_all() -> None:
        plane.kill_etcd()
        plane.stop_api(kill=True)
        operator.kill()
        plane.start_etcd()
        plane.start_api()
        operator.start()

    with started("kubernetes", folder, **settings) as operator:
        faults: dict[str, Fault] = {
            "server": partial(restart, operator),
            "api": lose_api,
            "etcd": lose_etcd,
            "all": lose_all,
        }
        yield Rig(operator, partial(in_cluster, plane, namespace), faults)


def restart(operator: Operator) -> None:
    """kill -9, and the next process."""
    operator.kill()
    operator.start()


def await_ready(operator: Operator) -> None:
    """Until it says that it takes reports."""
    wait_until(lambda: operator.get("/readyz").is_success)


@contextmanager
def started(store: str, folder: Path, *module: str, **settings: str) -> Iterator[Operator]:
    """A server that takes reports over HTTP alone, as many as it can; ``module`` is what runs, if not the product."""
    keys = folder / "keys.json"
    make = ["keys", "create", "ci", "--scope", "ingest", "--scope", "read", "--keys-file", str(keys)]
    key = CliRunner().invoke(main, make, catch_exceptions=False).stdout.strip()
    told = {
        "DEPLOYTRAIL_STORE": store,
        "DEPLOYTRAIL_SOURCES": "http",
        "DEPLOYTRAIL_KEYS_FILE": str(keys),
        "DEPLOYTRAIL_LIMITS_RATE": "0",
        **settings,
    }
    operator = Operator(told, folder, key=key)
    operator.process.command[2:3] = module or ["deploytrail"]
    with operator:
        yield operator


def _module(build: str) -> tuple[str, ...]:
    return ("tests.durability.broken", build) if build else ()


def _nothing() -> None:
    """Nothing goes wrong: what two clients say at once is enough."""
