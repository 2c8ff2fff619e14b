"""A disk that is full, or read-only: reports are refused for now, nothing is half-written, and it comes back."""

import os
from functools import partial
from pathlib import Path
from random import Random

from tests.durability import rigs
from tests.durability.conftest import some
from tests.durability.disk import Disk
from tests.durability.rigs import play, with_faults
from tests.operator_process import Operator
from tests.postgresql.server import Postgresql
from tests.waiting import wait_until

PROBE = {
    "deployment_id": "probe",
    "event_type": "completed",
    "status": "success",
    "start_time": "2026-03-02T12:00:00Z",
    "end_time": "2026-03-02T12:01:00Z",
    "repo_url": "https://git.example/probe",
    "environment": "production",
    "branch": "main",
}


def await_refusal(operator: Operator) -> None:
    """Until a report is answered that it cannot be stored now; others are sent meanwhile, and need room."""
    wait_until(lambda: operator.post(PROBE | {"deployment_id": os.urandom(4).hex()}).status_code == 503)


def be_full(disk: Disk, operator: Operator, server: Postgresql | None = None) -> None:
    """No room, and then room again."""
    disk.fill()
    await_refusal(operator)
    disk.clear()
    if server is not None:
        server.start()  # it ends itself if it was the log that had no room
    rigs.await_ready(operator)


IDLE = """
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM pg_stat_activity WHERE application_name = 'deploytrail' AND state = 'active'
        AND wait_event_type IS DISTINCT FROM 'Client' AND wait_event_type IS DISTINCT FROM 'Lock'
    ) THEN
        RAISE EXCEPTION 'a commit may be under way';
    END IF;
END $$
"""
"""Whoever waits for the rest of what a client began to ask, or for one who does, flushes nothing."""


def fail_between_commits(disk: Disk, operator: Operator, server: Postgresql | None = None) -> None:
    """Have the disk turn read-only while nobody waits for it.

    Of an fsync that is under way just then, Linux says now and then that it succeeded, though nothing was written
    (seen with 6.18: a program that only appends and flushes lost its last write in 4 of 40 such errors). No program
    can know better, so that is not what is tested here.
    """
    operator.freeze()
    wait_until(lambda: _all_stopped(operator))
    if server is not None:
        wait_until(lambda: server.execute(IDLE))
    disk.fail()
    operator.thaw()


def _all_stopped(operator: Operator) -> bool:
    """Whether every thread has come back from what it asked of the kernel, and stands still."""
    stats = [stat.read_text() for stat in Path(f"/proc/{operator.process.pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def turn_read_only(disk: Disk, operator: Operator) -> None:
    """As Linux does when it finds errors on a disk."""
    fail_between_commits(disk, operator)
    await_refusal(operator)
    operator.kill()
    disk.recover()
    operator.start()


def turn_read_only_below(disk: Disk, operator: Operator, server: Postgresql) -> None:
    """The same under the database, whose server gives up."""
    fail_between_commits(disk, operator, server)
    await_refusal(operator)
    server.kill()
    disk.recover()
    server.start()
    rigs.await_ready(operator)


def begin_read_only(disk: Disk, operator: Operator) -> None:
    """Started where nothing can be written, and then it can: nobody has to start it again."""
    operator.kill()
    disk.turn("ro")
    operator.start(ready=False)
    await_refusal(operator)
    assert "SQLite database is away since" in operator.get("/readyz").text
    disk.turn("rw")
    rigs.await_ready(operator)


def test_sqlite(tmp_path: Path, disk: Disk, chance: Random, long: bool) -> None:
    with rigs.sqlite(tmp_path, path=disk.mount / "deploytrail.db") as rig:
        faults = {
            "full": partial(be_full, disk, rig.operator),
            "read-only": partial(turn_read_only, disk, rig.operator),
            "read-only from the start": partial(begin_read_only, disk, rig.operator),
        }

        play(with_faults(rig, faults), chance, *some(chance, list(faults), rounds=12 if long else 2))


def test_postgresql(tmp_path: Path, disk: Disk, chance: Random, long: bool) -> None:
    with Postgresql(fsync=True, home=disk.mount) as server, rigs.postgresql(tmp_path, server) as rig:
        faults = {
            "full": partial(be_full, disk, rig.operator, server),
            "read-only": partial(turn_read_only_below, disk, rig.operator, server),
        }

        play(with_faults(rig, faults), chance, *some(chance, list(faults), rounds=8 if long else 1))
