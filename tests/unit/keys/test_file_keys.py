import asyncio
import fcntl
import json
import multiprocessing
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from deploytrail.errors import Conflict, Misconfigured, Rejected
from deploytrail.keys.file import FileKeys, change_keys, read_keys
from deploytrail.keys.model import Key, Scope
from deploytrail.keys.ring import KeyRing
from tests.fakes import NOW, SECRET, key
from tests.waiting import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def knows(ring: KeyRing, secret: str = SECRET) -> bool:
    return ring.find(secret, scope=Scope.INGEST, now=NOW) is not None


def test_keys_are_created_listed_and_deleted(path: Path) -> None:
    async def walk() -> None:
        keys = FileKeys(path)
        await keys.create(key(name="web"))
        await keys.create(key("other", name="ci", products=["shop"]))
        assert [k.name for k in await keys.list()] == ["ci", "web"]
        assert (await keys.list())[0].products == {"shop"}

        assert await keys.delete("web") is True
        assert await keys.delete("web") is False
        assert [k.name for k in await keys.list()] == ["ci"]

    asyncio.run(walk())


def test_a_name_is_given_once(path: Path) -> None:
    asyncio.run(FileKeys(path).create(key()))

    with pytest.raises(Conflict, match="a key named ci exists already"):
        asyncio.run(FileKeys(path).create(key("another secret")))
    assert [k.digest for k in read_keys(path)] == [key().digest]


def test_a_key_has_one_name(path: Path) -> None:
    asyncio.run(FileKeys(path).create(key()))

    with pytest.raises(Conflict, match="this key is stored already, under the name ci"):
        asyncio.run(FileKeys(path).create(key(name="other")))
    assert [k.name for k in read_keys(path)] == ["ci"]


def test_a_key_can_be_told_to_end_sooner_and_never_later(path: Path) -> None:
    keys = FileKeys(path)
    asyncio.run(keys.create(key()))

    for hours in (2, 1, 3):
        asyncio.run(keys.expire("ci", NOW + timedelta(hours=hours)))

    assert [k.expires_at for k in read_keys(path)] == [NOW + timedelta(hours=1)]
    with pytest.raises(Rejected, match="there is no key named web"):
        asyncio.run(keys.expire("web", NOW))


def test_what_a_key_is_for_is_kept_in_the_file(path: Path) -> None:
    made = key(
        apis=["quanta"],
        environments=["production"],
        product="shop",
        environment="production",
        workspace="acme",
    )

    asyncio.run(FileKeys(path).create(made))

    assert read_keys(path) == (made,)


def test_when_keys_were_used_is_kept_beside_the_file(path: Path) -> None:
    keys = FileKeys(path)
    asyncio.run(keys.create(key()))
    before = path.stat().st_mtime_ns

    asyncio.run(keys.keep_uses({"ci": NOW, "revoked-meanwhile": NOW}))
    asyncio.run(FileKeys(path).keep_uses({"ci": NOW - timedelta(hours=1)}))

    assert asyncio.run(keys.uses()) == {"ci": NOW}
    assert path.stat().st_mtime_ns == before, "the keys are not written for it"


def test_a_file_of_uses_that_cannot_be_read_as_such_locks_nobody_out(path: Path) -> None:
    keys = FileKeys(path)
    asyncio.run(keys.create(key()))
    path.with_name(".keys.json.uses").write_text("nonsense")

    assert asyncio.run(keys.uses()) == {}
    asyncio.run(keys.keep_uses({"ci": NOW}))
    assert asyncio.run(keys.uses()) == {"ci": NOW}


def test_the_file_holds_no_key_and_only_its_owner_reads_it(path: Path) -> None:
    asyncio.run(FileKeys(path).create(key()))

    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())[0]["name"] == "ci"


def test_a_key_that_its_senders_sign_with_is_kept_itself(path: Path) -> None:
    told = key(apis=["github"], signing=True)

    asyncio.run(FileKeys(path).create(told))

    assert read_keys(path) == (told,)
    assert json.loads(path.read_text())[0]["signing"] == SECRET


def test_nothing_is_left_beside_the_file_but_its_lock(path: Path) -> None:
    asyncio.run(FileKeys(path).create(key()))

    assert {each.name for each in path.parent.iterdir()} == {"keys.json", ".keys.json.lock"}


def test_the_ring_follows_the_file(path: Path) -> None:
    async def follow() -> None:
        keys, ring = FileKeys(path, poll_seconds=0.01), KeyRing()
        await keys.start(ring)
        await keys.check()
        assert not knows(ring)

        await FileKeys(path).create(key())
        await until(lambda: knows(ring))
        await FileKeys(path).delete("ci")
        await until(lambda: not knows(ring))
        await FileKeys(path).create(key())
        await until(lambda: knows(ring))
        path.unlink()
        await until(lambda: not knows(ring))
        await keys.stop()

    asyncio.run(follow())


def test_a_broken_file_changes_nothing_until_it_is_mended(path: Path) -> None:
    async def follow() -> None:
        await FileKeys(path).create(key())
        keys, ring = FileKeys(path, poll_seconds=0.01), KeyRing()
        await keys.start(ring)

        path.write_text("nonsense")
        await until(lambda: keys._seen is not None and keys._seen[1] == len("nonsense"))
        assert knows(ring)
        await keys.check()
        path.write_text("[]")
        await until(lambda: not knows(ring))
        await keys.stop()

    asyncio.run(follow())


@pytest.mark.parametrize("text", ["", "nonsense", "{}", '[{"name": "ci"}]', '[{"secret-field": "hunter2"}]', "\xff"])
def test_a_file_that_holds_anything_else_does_not_start(path: Path, text: str) -> None:
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(Misconfigured, match=r"keys\.json is not a list of keys") as refusal:
        asyncio.run(FileKeys(path).start(KeyRing()))
    assert "hunter2" not in str(refusal.value)


def test_a_file_that_cannot_be_written_is_misconfigured(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot write the keys file"):
        asyncio.run(FileKeys(tmp_path / "no such folder" / "keys.json").create(key()))


def test_a_failed_change_leaves_the_file_as_it_was(path: Path) -> None:
    asyncio.run(FileKeys(path).create(key()))
    before = path.read_bytes()

    with pytest.raises(ZeroDivisionError):
        change_keys(path, lambda _: 1 // 0)  # type: ignore[arg-type, return-value]

    assert path.read_bytes() == before


def test_nobody_else_changes_the_file_meanwhile(path: Path) -> None:
    def change(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        with path.with_name(".keys.json.lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return keys

    assert change_keys(path, change) is False


def test_a_change_is_on_the_disk_before_it_is_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))

    asyncio.run(FileKeys(path).create(key()))

    assert synced == [False, True], "first the file, then the folder that names it"


def _create(path: str, number: int) -> None:
    asyncio.run(FileKeys(Path(path)).create(key(f"secret{number}", name=f"key{number}")))


def test_commands_at_the_same_time_lose_no_key(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    commands = [context.Process(target=_create, args=(str(path), number)) for number in range(4)]

    for command in commands:
        command.start()
    for command in commands:
        command.join()

    assert {k.name for k in read_keys(path)} == {f"key{number}" for number in range(4)}
