"""A power cut at any moment: what only the page cache knew is gone, and what was acknowledged is not."""

import asyncio
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.contract.replicas import replica
from tests.durability import rigs
from tests.durability.disk import Disk
from tests.durability.rigs import play, with_faults
from tests.operator_process import Operator, deploytrail
from tests.postgresql.server import Postgresql
from tests.reports import report


def cut_file(disk: Disk, operator: Operator) -> None:
    """The power of the machine that both run on."""
    disk.cut()
    operator.kill()
    disk.recover()
    operator.start()


def cut_server(disk: Disk, operator: Operator, server: Postgresql) -> None:
    """The power of the database's machine."""
    disk.cut()
    server.kill()
    disk.recover()
    server.start()
    rigs.await_ready(operator)


def test_sqlite(tmp_path: Path, disk: Disk, chance: Random, long: bool) -> None:
    with rigs.sqlite(tmp_path, path=disk.mount / "deploytrail.db") as rig:
        power = {"power": partial(cut_file, disk, rig.operator)}

        play(with_faults(rig, power), chance, *["power"] * (26 if long else 1))


def test_postgresql(tmp_path: Path, disk: Disk, chance: Random, long: bool) -> None:
    with Postgresql(fsync=True, home=disk.mount) as server, rigs.postgresql(tmp_path, server) as rig:
        power = {"power": partial(cut_server, disk, rig.operator, server)}

        play(with_faults(rig, power), chance, *["power"] * (26 if long else 1))


@pytest.mark.parametrize("resumed", [False, True], ids=["at once", "resumed"])
def test_an_export_that_has_said_it_is_done(resumed: bool, tmp_path: Path, disk: Disk) -> None:
    """People delete the old records after it."""
    file, whole = disk.mount / "trail.jsonl", tmp_path / "whole.jsonl"
    url = f"--store=sqlite:///{tmp_path}/trail.db"
    asyncio.run(fill(url.removeprefix("--store=")))
    deploytrail("store", "export", "--output", whole, url).check_returncode()
    if resumed:
        file.write_bytes(whole.read_bytes()[:2000])

    deploytrail("store", "export", "--output", file, "--resume", url).check_returncode()
    disk.cut()
    disk.recover()

    assert file.read_bytes() == whole.read_bytes()


async def fill(url: str) -> None:
    async with replica(url) as store:
        for n in range(50):
            await store.record(report(f"d{n}", body="x" * 1000))
