"""The product as one process over SQLite, with a story in it; ``python -m tests.browser.server [--empty]`` shows it."""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from deploytrail.record.model import AnyReport
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.store import SqlStore
from tests.browser.story import story
from tests.operator_process import Operator, deploytrail
from tests.waiting import run, until


def tell(folder: Path, reports: Sequence[AnyReport]) -> str:  # type: ignore[type-arg]
    """Record the reports; returns the name of the store."""
    url = f"sqlite:///{folder}/deploytrail.db"
    run(_record(url, reports))
    return url


async def _record(url: str, reports: Sequence[AnyReport]) -> None:  # type: ignore[type-arg]
    store = SqlStore(database_of(url))
    await store.start()
    try:
        await until(store.check)
        for over in (False, True):  # those of one deployment in their order, all others at once: they share commits
            await asyncio.gather(*(store.record(each) for each in reports if each.telling.status.terminal is over))
    finally:
        await store.stop()


def create_key(folder: Path, name: str, *scopes: str) -> str:
    """A new key in the folder's file."""
    flags = [flag for scope in scopes for flag in ("--scope", scope)]
    made = deploytrail("keys", "create", name, *flags, "--keys-file", folder / "keys.json")
    made.check_returncode()
    return made.stdout.strip()


def server(folder: Path, store: str, *, port: int = 0, **pages: str) -> Operator:
    """The product, not started, with a key that may report and read; ``pages`` are settings of the pages."""
    key = create_key(folder, "wall", "read", "ingest")
    return Operator(_settings(folder, store, pages), folder, port=port, key=key)


def another(first: Operator, folder: Path, store: str) -> Operator:
    """A second replica, on the same records and keys."""
    own = folder / "another"
    own.mkdir()
    return Operator(_settings(folder, store, {}), own, key=first.key)


def _settings(folder: Path, store: str, pages: Mapping[str, str]) -> dict[str, str]:
    told = {f"DEPLOYTRAIL_PAGES_{name.upper()}": value for name, value in pages.items()}
    told |= {"DEPLOYTRAIL_STORE": store, "DEPLOYTRAIL_SOURCES": "http"}
    return told | {"DEPLOYTRAIL_KEYS_FILE": str(folder / "keys.json")}


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.server", description=__doc__)
    parser.add_argument("--empty", action="store_true", help="nothing recorded yet")
    parser.add_argument("--port", type=int, default=8080)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="deploytrail-pages-") as name:
        folder = Path(name)
        store = tell(folder, () if asked.empty else story(datetime.now(UTC)))
        with server(folder, store, port=asked.port) as running:
            print(f"{running.url}\nSign in with {running.key}", flush=True)
            running.process.wait()


if __name__ == "__main__":
    main()
