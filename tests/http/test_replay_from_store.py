"""``deploytrail replay --from-store`` as an admin runs it: over a file of records, after a mapping was mended."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploytrail.cli.main import main
from deploytrail.keys.file import FileKeys
from deploytrail.keys.model import Key
from deploytrail.record.model import Deployment
from deploytrail.record.query import Query
from deploytrail.recorder import Recorder
from deploytrail.sources.http.dialect import Head, Request
from deploytrail.sources.http.hivel import HIVEL
from deploytrail.sources.http.quanta import quanta
from deploytrail.sources.quanta_settings import QuantaSettings
from deploytrail.stores.sql.database import database_of
from deploytrail.stores.sql.store import SqlStore
from tests.fakes import NOW, key
from tests.http.endpoint import event
from tests.rederiving import understand
from tests.waiting import until

SHOP = key(name="shop", product="shop", environment="staging")
MENDED = r"build (?P<version>\d+)"
"""Finds another version in the same words."""


class Installation:
    """A file of records and a file of keys, and the command that is run over them."""

    def __init__(self, folder: Path) -> None:
        self._store, self._keys = folder / "records.db", folder / "keys.json"
        asyncio.run(FileKeys(self._keys).create(SHOP))
        self.before = self._act(_hear)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploytrail", "replay", "--from-store", *arguments]
        told = {"DEPLOYTRAIL_STORE": f"sqlite:///{self._store}", "DEPLOYTRAIL_KEYS_FILE": str(self._keys)}
        path = os.pathsep.join(sys.path)
        return subprocess.run(
            command, env=told | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60, check=False
        )

    def records(self) -> tuple[Deployment, ...]:
        return self._act(_all)

    def lose_keys(self) -> None:
        asyncio.run(FileKeys(self._keys).delete("shop"))

    def _act(self, act: Callable[[SqlStore], Awaitable[tuple[Deployment, ...]]]) -> tuple[Deployment, ...]:
        async def scene() -> tuple[Deployment, ...]:
            store = SqlStore(database_of(f"sqlite:///{self._store}"))
            await store.start()
            try:
                await until(store.check)
                return await act(store)
            finally:
                await store.stop()

        return asyncio.run(scene())


async def _all(store: SqlStore) -> tuple[Deployment, ...]:
    return (await store.find(Query())).items


async def _hear(store: SqlStore) -> tuple[Deployment, ...]:
    recorder, pushed = Recorder(store), quanta(QuantaSettings())
    gotten = "type=code_deploy&content=version%201.2%2C%20build%2042&auth_token=dtk_canary_1"
    await recorder.record(understand(pushed, _request(SHOP, query=gotten)), now=NOW)
    await recorder.record(understand(HIVEL, _request(key(), document=event())), now=NOW)
    return await _all(store)


def _request(by: Key, *, query: str = "", document: dict[str, Any] | None = None) -> Request:
    head = Head(method="GET" if query else "POST", path="/", query=query, headers={})
    text = json.dumps(document) if document else ""
    return Request(head=head, key=by, received_at=NOW, text=text, document=document or {})


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_under_the_same_rules_nothing_would_change(installation: Installation) -> None:
    ended = installation.run()

    assert ended.stdout == ""
    assert ended.stderr == "2 records read: 0 would change, 0 left as they are, 0 not told over HTTP alone\n"
    assert ended.returncode == 0


def test_under_other_rules_it_prints_what_would_change_and_changes_nothing(installation: Installation) -> None:
    ended = installation.run("--quanta-version", MENDED)

    pushed = next(each for each in installation.before if each.product == "shop")
    assert json.loads(ended.stdout) == {"id": pushed.id, "changes": {"version": ["1.2", "42"]}}
    assert ended.stderr == "2 records read: 1 would change, 0 left as they are, 0 not told over HTTP alone\n"
    assert ended.returncode == 0
    assert installation.records() == installation.before


def test_it_is_applied_once(installation: Installation) -> None:
    first = installation.run("--quanta-version", MENDED, "--apply")
    second = installation.run("--quanta-version", MENDED, "--apply")

    assert first.stderr == "2 records read: 1 changed, 0 left as they are, 0 not told over HTTP alone\n"
    assert second.stdout == ""
    assert [each.version for each in installation.records() if each.product == "shop"] == ["42"]
    assert [each.id for each in installation.records()] == [each.id for each in installation.before]


def test_a_key_that_was_revoked_leaves_its_records_alone(installation: Installation) -> None:
    installation.lose_keys()

    ended = installation.run("--quanta-version", MENDED, "--apply")

    assert ended.stdout == ""
    assert "there is no key named shop any more, and quanta reports for what the key says" in ended.stderr
    assert ended.returncode == 1
    assert installation.records() == installation.before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--from-store", "recording.json"], "--from-store takes no FILE, and prints JSON"),
        (["--from-store", "--format", "table"], "--from-store takes no FILE, and prints JSON"),
        (["--apply", "recording.json"], "--apply goes with --from-store"),
        ([], "Missing argument 'FILE...'"),
    ],
)
def test_what_goes_not_together_is_said(arguments: list[str], complaint: str) -> None:
    ended = CliRunner().invoke(main, ["replay", *arguments])

    assert ended.exit_code == 2
    assert complaint in ended.output
