"""What measures, on so little that it says nothing: that it runs, and tells of all that it is asked for."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg

from bench.questions import QUESTIONS
from bench.servers import LOG_FILES, database_server
from bench.stores import RATIOS

_AHEAD = "SELECT count(*) FROM pg_ls_waldir() WHERE name > pg_walfile_name(pg_current_wal_insert_lsn())"


def measured(bench: str, folder: Path, *arguments: object) -> Any:
    """What ``make bench-...`` keeps."""
    output = folder / "results.json"
    command = [sys.executable, "-m", f"bench.{bench}", *map(str, arguments), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(output.read_text())


def test_storing_is_measured_with_every_ratio(tmp_path: Path) -> None:
    little = ("--rounds", 1, "--seconds", 0.3, "--reports", 200)

    found = measured("stores", tmp_path, "--only", "posting", "alone", *little)

    expected = [(each.of, each.by, each.aim) for each in RATIOS if each.part in ("posting", "alone")]
    assert [(each["of"], each["by"], each["aim"]) for each in found["ratios"]] == expected
    for each in found["ratios"]:
        (ratio,) = each["rounds"]
        assert ratio > 0
    for name, series in found["measured"].items():
        assert (len(series["rates"]), len(series["p50s"]), len(series["p99s"]), series["failed"]) == (1, 1, 1, 0), name
    assert [name for name, series in found["measured"].items() if series["resident"]] == [
        "POST, nothing stored",
        "POST, PostgreSQL",
        "POST, SQLite",
        "POST, tutorial",
    ]


def test_every_question_is_measured_of_either_database(tmp_path: Path) -> None:
    sizes = ("--postgresql", 30_000, "--sqlite", 30_000, "--times", 3)

    found = measured("questions", tmp_path, "--only", "postgresql", "sqlite", *sizes)

    asked = [(each["store"], each["question"]) for each in found["questions"]]
    assert asked == [(store, question) for store in ("postgresql", "sqlite") for question in QUESTIONS]
    assert all(0 < each["p50"] <= each["p99"] <= each["most"] for each in found["questions"])


def test_the_log_of_the_database_that_is_measured_is_there_before() -> None:
    async def ahead(url: str) -> int:
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval(_AHEAD))
        finally:
            await connection.close()

    with database_server() as server:
        assert asyncio.run(ahead(server.url("postgres"))) >= LOG_FILES - 2
