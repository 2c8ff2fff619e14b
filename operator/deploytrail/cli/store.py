"""deploytrail store: everything a store holds, out of it and into another."""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from deploytrail import telemetry
from deploytrail.cli.opening import opened_store, until_there
from deploytrail.cli.options import settings_options, tree
from deploytrail.disk import sync_folder
from deploytrail.errors import Misconfigured, Rejected, Unavailable
from deploytrail.moving.exporting import Position, export
from deploytrail.moving.importing import Import, Tally
from deploytrail.moving.lines import End, position, read, write
from deploytrail.moving.progress import Progress
from deploytrail.settings import Settings, load
from deploytrail.stores.base import Store

WHERE = frozenset({"store", "namespace", "kubeconfig"})

LINES_AT_ONCE = 100


@click.group()
def store() -> None:
    """Move records from one store to another, while both are in use. See docs/moving.md."""


@store.command("export")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to; without it, standard output."
)
@click.option("--resume", is_flag=True, help="Go on where an export to the same --output has ended.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with the settings below.")
@settings_options(Settings, only=WHERE)
def export_(output: Path | None, *, resume: bool, config: Path | None, **flags: str | None) -> None:
    """Write everything a store holds as JSON lines: records with their history, reports and marks, versions,
    preferences.

    Keys are not among them: they are Secrets, or in a file.
    """
    if resume and output is None:
        raise click.UsageError("--resume goes with --output: what was written has to be read")
    settings = _settings(flags, config)
    after, before = _left_off(output) if resume and output is not None and output.exists() else (None, 0)
    if after == ("end", None):
        click.echo("nothing to do: the export is whole", err=True)
        return
    if output is not None and output.exists() and not resume:
        raise Misconfigured(f"{output} is there already: take another name, or go on with it by --resume")
    with _written(output) as out:
        lines = asyncio.run(_export(settings, out, after, before))
    click.echo(f"exported {lines:,} lines", err=True)


@store.command("import")
@click.argument("file", type=click.Path(path_type=Path), default=Path("-"))
@click.option("--from-line", type=click.IntRange(min=1), default=1, help="Go on with this line of the file.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="YAML file with the settings below.")
@settings_options(Settings, only=WHERE)
def import_(file: Path, *, from_line: int, config: Path | None, **flags: str | None) -> None:
    """Take what ``export`` has written into a store; - reads standard input.

    As often as you like: what is there already is merged, what is newer there stays. Exit code 1 when a line could not
    be taken in, or the export is not whole.
    """
    settings = _settings(flags, config)
    if str(file) != "-" and not file.is_file():
        raise Misconfigured(f"the file {file} does not exist")
    total = file.stat().st_size if str(file) != "-" else None
    with closing(file.open("rb") if str(file) != "-" else sys.stdin.buffer) as source:
        tally = asyncio.run(_import(settings, source, from_line, total))
    sys.exit(0 if tally.whole and not tally.refused else 1)


def _settings(flags: dict[str, str | None], config: Path | None) -> Settings:
    settings = load(tree(flags), config)
    telemetry.configure_logging(level="warning", style=settings.log_format)  # on standard error, like the progress
    return settings


@contextmanager
def _written(output: Path | None) -> Iterator[BinaryIO]:
    """Where an export goes to; a file is on its disk in the end, because people delete the old records then."""
    try:
        with closing(output.open("ab") if output is not None else sys.stdout.buffer) as out:
            yield out
            out.flush()
            if output is not None:
                os.fsync(out.fileno())
                sync_folder(output.parent)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # nobody reads on, which is no failure of ours: click ends quietly
        where = output or "standard output"
        raise Misconfigured(f"cannot write the export to {where}: {error.strerror}") from error


async def _export(settings: Settings, out: BinaryIO, after: Position | None, before: int) -> int:
    number = 0
    async with opened_store(settings) as opened:
        await until_there(opened)
        with Progress(sys.stderr, "exporting", total=await _size(opened)) as progress:
            async for item in export(opened, after=after):
                out.write(write(item) + b"\n")
                number += 1
                progress.tell(number, before + number)
    return number


async def _size(store: Store) -> int | None:
    """How many lines there will be, about; None when a database takes too long to count them."""
    try:
        return await store.size()
    except Unavailable:
        await until_there(store)
        return None


async def _import(settings: Settings, source: BinaryIO, from_line: int, total: int | None) -> Tally:
    async with opened_store(settings) as opened:
        await until_there(opened)
        with Progress(sys.stderr, "importing", total=total) as progress:

            def tell(tally: Tally, read: int) -> None:
                progress.tell(tally.added + tally.merged + tally.unchanged, read)

            running = Import(opened, lambda sentence: click.echo(sentence, err=True), tell)
            try:
                tally = await running.run(_lines(source), skip=from_line - 1)
            except Unavailable:
                click.echo(f"stopped: go on with --from-line {running.tally.lines + 1}", err=True)
                raise
    click.echo(
        f"imported {tally.lines:,} lines: {tally.added:,} records added, {tally.merged:,} merged, "
        f"{tally.unchanged:,} there already, {tally.refused:,} lines left out",
        err=True,
    )
    if not tally.whole:
        click.echo("the export is not whole: its last line is missing. Export again, or go on with --resume", err=True)
    return tally


async def _lines(source: BinaryIO) -> AsyncIterator[bytes]:
    """Read beside the loop, in which the store lives."""
    while lines := await asyncio.to_thread(_some, source):
        for line in lines:
            yield line


def _some(source: BinaryIO) -> list[bytes]:
    return source.readlines(LINES_AT_ONCE << 10)


def _left_off(output: Path) -> tuple[Position | None, int]:
    """Where an export has ended, None when it has to begin anew, and its lines; one that was cut off is removed."""
    last, end, lines = b"", 0, 0
    with output.open("rb") as written:
        for line in written:
            if line.endswith(b"\n"):
                last, end, lines = line, end + len(line), lines + 1
    with output.open("r+b") as written:
        written.truncate(end)
    if not last:
        return None, 0
    try:
        item = read(last)
    except Rejected as refusal:
        raise Misconfigured(f"{output} is no export of ours: {refusal}") from refusal
    return ("end", None) if isinstance(item, End) else position(item), lines
