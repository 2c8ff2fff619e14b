"""deploytrail store, where what it writes finds no room."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.contract.replicas import replica
from tests.contract.test_moving import fill
from tests.operator_process import deploytrail


def test_an_export_into_a_folder_that_is_not_there_ends_with_a_sentence(tmp_path: Path) -> None:
    url = f"--store=sqlite:///{tmp_path}/trail.db"

    nowhere = deploytrail("store", "export", url, "--output", tmp_path / "none" / "trail.jsonl")

    said = f"deploytrail: cannot write the export to {tmp_path}/none/trail.jsonl: No such file or directory\n"
    assert (nowhere.returncode, nowhere.stderr) == (2, said)


def test_an_export_that_finds_no_room_ends_with_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/trail.db"
    asyncio.run(filled(url))
    command = [sys.executable, "-m", "deploytrail", "store", "export", f"--store={url}"]

    with Path("/dev/full").open("wb") as full:
        no_room = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)

    said = "deploytrail: cannot write the export to standard output: No space left on device\n"
    assert (no_room.returncode, no_room.stderr) == (2, said)


async def filled(url: str) -> None:
    async with replica(url) as store:
        await fill(store)
