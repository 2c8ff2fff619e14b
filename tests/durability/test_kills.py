"""kill -9 at any moment, of any part: what was acknowledged is there, once, and announced."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.controlplane.crds import install_crds
from tests.controlplane.server import ControlPlane
from tests.durability import rigs
from tests.durability.conftest import some
from tests.durability.rigs import play
from tests.postgresql.server import Postgresql


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane whose etcd waits for the disk, with our kinds."""
    with ControlPlane(fsync=True) as own:
        install_crds(own)
        yield own


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    """A PostgreSQL that waits for the disk."""
    with Postgresql(fsync=True) as own:
        yield own


def test_sqlite(tmp_path: Path, chance: Random, long: bool) -> None:
    with rigs.sqlite(tmp_path, poisonous=True) as rig:
        play(rig, chance, *some(chance, ["server"], rounds=60 if long else 1))


def test_postgresql(tmp_path: Path, server: Postgresql, chance: Random, long: bool) -> None:
    with rigs.postgresql(tmp_path, server, poisonous=True) as rig:
        play(rig, chance, *some(chance, ["database", "both", "server"], rounds=100 if long else 2))


def test_kubernetes(tmp_path: Path, plane: ControlPlane, chance: Random, long: bool) -> None:
    with rigs.kubernetes(tmp_path, plane) as rig:
        play(rig, chance, *some(chance, ["etcd", "all", "api", "server"], rounds=60 if long else 2))
