"""A power cut at any moment: what only the page cache knew is gone, and what was acknowledged is not."""

from functools import partial
from pathlib import Path
from random import Random

from tests.durability import rigs
from tests.durability.disk import Disk
from tests.durability.rigs import play, with_faults
from tests.operator_process import Operator
from tests.postgresql.server import Postgresql


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
