"""The suite finds out every build that breaks a promise: a suite that cannot fail shows nothing."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.durability import rigs
from tests.durability.broken import BUILDS
from tests.durability.disk import Disk
from tests.durability.promises import BrokenPromise
from tests.durability.rigs import Rig, play, with_faults
from tests.durability.test_power import cut_file
from tests.postgresql.server import Postgresql

MOST_ROUNDS = 12
"""Chance may spare a broken build once, and not that often."""

SLOW_WRITER = "10s"
"""PostgreSQL flushes by itself, so that a lax build only loses the last fraction of a second: this makes it longer."""


def check_found_out(rig: Rig, chance: Random, fault: str, complaint: str) -> None:
    with pytest.raises(BrokenPromise, match=complaint):
        play(rig, chance, *[fault] * MOST_ROUNDS)


@pytest.mark.parametrize(
    ("build", "fault", "complaint"),
    [
        ("answer-before-commit", "server", "acknowledged and lost"),
        ("outbox-apart", "server", "recorded and not in the outbox"),
        ("totals-apart", "server", "miscounted, such as the totals of"),
        ("no-bisect", "nothing", "refused without a reason"),
        ("duplicates-as-created", "nothing", "said to be created more than once"),
    ],
)
def test_on_either_database(tmp_path: Path, chance: Random, store: str, build: str, fault: str, complaint: str) -> None:
    with ExitStack() as stack:
        if store == "sqlite":
            rig = stack.enter_context(rigs.sqlite(tmp_path, build=build, poisonous=build == "no-bisect"))
        else:
            server = stack.enter_context(Postgresql(fsync=True))
            rig = stack.enter_context(rigs.postgresql(tmp_path, server, build=build, poisonous=build == "no-bisect"))
        check_found_out(rig, chance, fault, complaint)


def test_sqlite_that_does_not_flush(tmp_path: Path, disk: Disk, chance: Random) -> None:
    with rigs.sqlite(tmp_path, path=disk.mount / "deploytrail.db", build="sqlite-normal") as rig:
        power = {"power": partial(cut_file, disk, rig.operator)}

        check_found_out(with_faults(rig, power), chance, "power", "acknowledged and lost")


def test_postgresql_that_does_not_flush(tmp_path: Path, chance: Random) -> None:
    with (
        Postgresql(fsync=True, wal_writer_delay=SLOW_WRITER) as server,
        rigs.postgresql(tmp_path, server, build="synchronous-commit-off") as rig,
    ):
        check_found_out(rig, chance, "database", "acknowledged and lost")


def test_every_broken_build_is_tried() -> None:
    marks = test_on_either_database.pytestmark  # type: ignore[attr-defined]
    tried = {case[0] for mark in marks for case in mark.args[1]}

    assert tried | {"sqlite-normal", "synchronous-commit-off"} == BUILDS.keys()
