"""A long history in a SQL database: made by its own rules, the same every time, without going through the product.

Rows are written as the product would write them, then counts and standings are made by its own recomputation.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection, Index, text
from sqlalchemy.schema import CreateIndex

from bench.generation import generate
from deploytrail.record.dora.entry import Verdict
from deploytrail.record.dora.judging import Rules
from deploytrail.record.identity import version_id
from deploytrail.record.model import Build, Deployment, Source, Status, Telling
from deploytrail.stores.sql.database import SQLITE, database_of
from deploytrail.stores.sql.recount import rebuild
from deploytrail.stores.sql.tables import RECORDS, VERSIONS, to_text

END = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PRODUCTS, DAYS, TEAMS, BUILD_EVERY = 200, 730, 20, 20
ENVIRONMENTS = ("production", "staging", "test", "development", "sandbox")
RARE_STATUS, RARE_ENVIRONMENT = Status.PENDING, "disaster-recovery"
CHUNK = 50_000

_COLUMNS = tuple(column.name for column in RECORDS.c)
_VERSION_COLUMNS = tuple(column.name for column in VERSIONS.c)
_TIMES = frozenset({"created_at", "finished_at", "happened_at", "first_seen_at"})


@dataclass(frozen=True)
class History:
    """How much there is of what."""

    deployments: int

    @property
    def builds(self) -> int:
        return self.deployments // BUILD_EVERY


def progress() -> Progress:
    """A bar for each of the steps."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


async def make(url: str, history: History) -> None:
    """Fill an empty database."""
    await _within(url, _drop_indexes)
    with progress() as bar:

        async def write(what: str, table: str, columns: Sequence[str], rows: Iterator[Any], total: int) -> None:
            task = bar.add_task(what, total=total)
            await _write(url, table, columns, rows, lambda count: bar.advance(task, count))

        if url.startswith(SQLITE):
            await write("deployments", RECORDS.name, _COLUMNS, _deployments(history), history.deployments)
        else:
            task = bar.add_task("deployments", total=history.deployments)
            await generate(
                url, _pieces(_deployment()), partial(bar.advance, task), deployments=history.deployments,
                products=PRODUCTS, environments=ENVIRONMENTS, rare=RARE_ENVIRONMENT, teams=TEAMS,
                end=END, length=timedelta(days=DAYS),
            )  # fmt: skip
        await write("builds", RECORDS.name, _COLUMNS, _builds(history), history.builds)
        await write("versions", VERSIONS.name, _VERSION_COLUMNS, _versions(history), history.builds)
        indexes = bar.add_task("indexes", total=len(RECORDS.indexes))
        for index in sorted(RECORDS.indexes, key=lambda each: str(each.name)):
            await _within(url, partial(_create, index=index))
            bar.advance(indexes)
        counts = bar.add_task("counts", total=history.deployments)
        await _within(url, partial(_count, told=lambda done, of: bar.update(counts, completed=done, total=of)))
    if url.startswith(SQLITE):
        await _within(url, lambda connection: connection.execute(text("ANALYZE")))
        return
    connection = await asyncpg.connect(url)
    try:  # what a server does by itself, were it given the time
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _create(connection: Connection, index: Index) -> None:
    connection.execute(CreateIndex(index))


def _count(connection: Connection, told: Callable[[int, int], None]) -> None:
    rebuild(connection, Rules(), told)


async def _within(url: str, work: Callable[[Connection], Any]) -> None:
    """Where migrations run, and no statement may take too long."""
    database = database_of(url)
    try:
        await database.open(work)
    finally:
        await database.close()


async def _write(
    url: str, table: str, columns: Sequence[str], rows: Iterator[Any], told: Callable[[int], None]
) -> None:
    if url.startswith(SQLITE):
        await asyncio.to_thread(_write_sqlite, Path(url.removeprefix(SQLITE)), table, columns, rows, told)
        return
    connection = await asyncpg.connect(url)
    try:
        while chunk := list(islice(rows, CHUNK)):
            await connection.copy_records_to_table(table, records=chunk, columns=list(columns))
            told(len(chunk))
    finally:
        await connection.close()


def _write_sqlite(path: Path, table: str, columns: Sequence[str], rows: Iterator[Any], told: Any) -> None:
    times = [number for number, name in enumerate(columns) if name in _TIMES]
    marks = ", ".join("?" * len(columns))
    names = ", ".join(f'"{name}"' for name in columns)
    with sqlite3.connect(path) as connection:
        while chunk := list(islice(rows, CHUNK)):
            texts = [[to_text(v) if n in times and v is not None else v for n, v in enumerate(row)] for row in chunk]
            connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", texts)
            connection.commit()
            told(len(chunk))
    connection.close()


def _drop_indexes(connection: Connection) -> None:
    for index in RECORDS.indexes:
        connection.execute(text(f"DROP INDEX IF EXISTS {index.name}"))


def _deployments(history: History) -> Iterator[tuple[Any, ...]]:
    document = _pieces(_deployment())
    step = timedelta(days=DAYS) / history.deployments
    places = PRODUCTS * len(ENVIRONMENTS)
    for number in range(history.deployments):
        place, turn = number % places, number // places
        product, environment = f"product-{place % PRODUCTS:03}", ENVIRONMENTS[place // PRODUCTS]
        at = END - (history.deployments - number) * step
        status, rare = _status(number), number % 1_000_003 == 7
        version = f"v{turn - 2 if turn % 37 == 20 else turn}"
        record, lead = f"{product}-{environment[:4]}-{number:09}", number * 7919 % 200_000 + 60
        if rare:
            environment = RARE_ENVIRONMENT
        long = timedelta(hours=5) if number % 500 == 11 else timedelta(seconds=90)
        began, committed = at - long, at - timedelta(seconds=lead)
        ended = status.terminal
        team = f"team-{place % TEAMS:02}"
        said = {
            "ID": record, "PRODUCT": product, "VERSION": version, "ENVIRONMENT": environment, "TEAM": team,
            "STATUS": status.value, "AT": _iso(at), "BEGAN": _iso(began), "COMMITTED": _iso(committed),
            "COMMIT": f"{number:040x}",
        }  # fmt: skip
        verdict = {Status.COMPLETED: Verdict.LANDED, Status.FAILED: Verdict.FAILED}.get(status)
        entry = f'["{verdict}","{version}",false,null,"{team}",{lead},"commit"]' if verdict else None
        happened = at if ended else began
        yield _row(
            id=record, kind="deployment", product=product, version=version, environment=environment,
            status=status.value, is_open=not ended, source="versioner", counted=True, created_at=began,
            finished_at=at if ended else None, happened_at=happened, document=_fill(document, said), entry=entry,
        )  # fmt: skip


def _status(number: int) -> Status:
    if number % 200_003 == 5:
        return RARE_STATUS
    draw = number * 7919 % 1000
    if draw < 50:
        return Status.FAILED
    return {50: Status.UNKNOWN, 55: Status.ABORTED}.get(draw // 5 * 5, Status.COMPLETED)


def _builds(history: History) -> Iterator[tuple[Any, ...]]:
    document = _pieces(_build())
    for number, product, version, at in _built(history):
        said = {
            "ID": f"build-{number:09}",
            "PRODUCT": product,
            "VERSION": version,
            "AT": _iso(at),
            "COMMIT": f"{number:040x}",
        }
        yield _row(
            id=f"build-{number:09}", kind="build", product=product, version=version, status="completed", is_open=False,
            source="versioner", created_at=at, finished_at=at, happened_at=at, document=_fill(document, said),
        )  # fmt: skip


def _versions(history: History) -> Iterator[tuple[Any, ...]]:
    for number, product, version, at in _built(history):
        values = {
            "id": version_id(product=product, version=version), "product": product, "version": version,
            "commit": f"{number:040x}", "first_seen_at": at, "source": "versioner", "record": f"build-{number:09}",
        }  # fmt: skip
        yield tuple(values[name] for name in _VERSION_COLUMNS)


def _built(history: History) -> Iterator[tuple[int, str, str, datetime]]:
    step = timedelta(days=DAYS) / max(history.builds, 1)
    for number in range(history.builds):
        at = END - (history.builds - number) * step - timedelta(hours=2)
        yield number, f"product-{number % PRODUCTS:03}", f"v{number // PRODUCTS}", at


def _row(**values: Any) -> tuple[Any, ...]:
    values = {"revision": 0} | values
    return tuple(values.get(name) for name in _COLUMNS)


def _deployment() -> str:
    stand_in = datetime(2001, 1, 1, tzinfo=UTC)
    made = Deployment(
        product="@PRODUCT@", environment="@ENVIRONMENT@", version="@VERSION@", commit="@COMMIT@", branch="main",
        repository="https://git.example/acme/shop", metadata={"team": "@TEAM@"}, id="@ID@", status=Status.COMPLETED,
        source=Source.VERSIONER, created_at=stand_in, updated_at=stand_in, deployed_by="ann",
        tellings=(_telling(Status.STARTED), _telling(Status.COMPLETED)),
    )  # fmt: skip
    document = made.model_dump_json()
    for name, value in (("started_at", "BEGAN"), ("finished_at", "AT"), ("committed_at", "COMMITTED")):
        document = document.replace(f'"{name}":null', f'"{name}":"@{value}@"')
    return _timed(document).replace('"status":"completed"', '"status":"@STATUS@"')


def _build() -> str:
    stand_in = datetime(2001, 1, 1, tzinfo=UTC)
    made = Build(
        product="@PRODUCT@", version="@VERSION@", commit="@COMMIT@", id="@ID@", status=Status.COMPLETED,
        source=Source.VERSIONER, created_at=stand_in, updated_at=stand_in, tellings=(_telling(Status.COMPLETED),),
    )  # fmt: skip
    return _timed(made.model_dump_json()).replace('"finished_at":null', '"finished_at":"@AT@"')


def _telling(status: Status) -> Telling:
    stand_in = datetime(2001, 1, 1, tzinfo=UTC)
    said = {"status": status, "raw_status": status.value, "fingerprint": f"@ID@{status}"}
    return Telling(source=Source.VERSIONER, at=stand_in, received_at=stand_in, reporter="ci", **said)


def _timed(document: str) -> str:
    return document.replace("2001-01-01T00:00:00Z", "@AT@")


def _pieces(document: str) -> list[str]:
    return document.split("@")


def _fill(pieces: list[str], said: dict[str, str]) -> str:
    return "".join([said[piece] if number % 2 else piece for number, piece in enumerate(pieces)])


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
