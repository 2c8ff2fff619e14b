"""deploytrail keys, as it is typed: what is printed where, and with which exit code."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploytrail.cli import main
from deploytrail.keys.file import FileKeys, read_keys
from deploytrail.keys.model import Key, Scope, digest

VERSIONER = "sk_mycompany_k1_8f3a2b9c7d6e5f4a"
QUANTA = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"


class Keys:
    """The command, with keys in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys.json"

    def __call__(self, *arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["keys", *arguments, f"--keys-file={self.path}"], input=typed)

    @property
    def stored(self) -> dict[str, Key]:
        return {key.name: key for key in read_keys(self.path)}


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def test_the_key_alone_is_on_standard_output(keys: Keys) -> None:
    created = keys("create", "ci", "--scope=ingest", "--scope=read")

    assert created.exit_code == 0
    assert created.stdout.count("\n") == 1
    assert "shown this once" in created.stderr
    assert keys.stored["ci"].digest == digest(created.stdout.strip())
    assert keys.stored["ci"].scopes == {Scope.INGEST, Scope.READ}


def test_everything_a_key_can_be_is_an_option(keys: Keys) -> None:
    limits = ("--api=hivel", "--product=shop", "--product=web", "--environment=eu", "--workspace=acme")
    defaults = ("--default-product=shop", "--default-environment=eu")

    keys("create", "site", "--scope=ingest", *limits, *defaults, "--expires=90d")

    made = keys.stored["site"]
    assert [set(limit) for limit in (made.apis, made.products, made.environments)] == [
        {"hivel"},
        {"shop", "web"},
        {"eu"},
    ]
    assert (made.product, made.environment, made.workspace) == ("shop", "eu", "acme")
    assert made.expires_at == made.created_at + timedelta(days=90)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "Ci", "--scope=ingest"), "deploytrail: name: use up to 63 letters a-z, digits, - and ."),
        (("create", "ci"), "Missing option '--scope'"),
        (("create", "ci", "--scope=write"), "'write' is not one of"),
        (("create", "ci", "--scope=ingest", "--api=nobody"), "'nobody' is not"),
        (("create", "ci", "--scope=ingest", "--expires=soon"), "deploytrail: expires: write a time such as"),
        (("create", "ci", "--scope=ingest", "--expires=1999-01-01"), "expires: that is over already"),
        (
            ("create", "ci", "--scope=ingest", "--product=a", "--default-product=b"),
            "deploytrail: the default product or environment is not one that the key may report",
        ),
        (("rotate", "ci", "--overlap=soon"), "deploytrail: overlap: write a time such as"),
    ],
)
def test_a_command_used_wrongly_ends_with_2_and_a_sentence(
    keys: Keys, arguments: tuple[str, ...], sentence: str
) -> None:
    done = keys(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert keys.stored == {}


def test_a_name_that_is_taken_ends_with_1(keys: Keys) -> None:
    keys("create", "ci", "--scope=ingest")

    again = keys("create", "ci", "--scope=read")

    assert (again.exit_code, again.stdout) == (1, "")
    assert "a key named ci exists already" in again.stderr


def test_a_rotated_key_is_good_for_the_overlap_and_its_successor_from_now_on(keys: Keys) -> None:
    keys("create", "ci", "--scope=ingest", "--product=shop")

    rotated = keys("rotate", "ci", "--overlap=2h")

    old, new = keys.stored["ci"], keys.stored["ci-2"]
    assert rotated.exit_code == 0
    assert new.digest == digest(rotated.stdout.strip()) != old.digest
    assert (set(new.products), new.expires_at) == ({"shop"}, None)
    assert old.expires_at is not None
    assert timedelta(minutes=119) < old.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    assert "The key ci is good until" in rotated.stderr


def test_the_series_goes_on(keys: Keys) -> None:
    keys("create", "ci", "--scope=ingest")

    for name in ("ci", "ci-2", "ci"):
        assert keys("rotate", name).exit_code == 0

    assert set(keys.stored) == {"ci", "ci-2", "ci-3", "ci-4"}


def test_a_key_that_is_not_there_is_neither_rotated_nor_revoked(keys: Keys) -> None:
    for command in ("rotate", "revoke"):
        done = keys(command, "ci")

        assert done.exit_code == 1
        assert "there is no key named ci" in done.stderr


def test_a_revoked_key_is_gone(keys: Keys) -> None:
    keys("create", "ci", "--scope=ingest")

    assert keys("revoke", "ci").exit_code == 0
    assert keys.stored == {}


def test_a_list_shows_what_keys_are_for_and_never_the_keys(keys: Keys) -> None:
    secret = keys("create", "ci", "--scope=ingest", "--product=acme/web", "--expires=90d").stdout.strip()
    keys("create", "ops", "--scope=admin", "--scope=read")

    table, lines = keys("list"), keys("list", "--format=json")

    header, ci, ops = (line.split() for line in table.stdout.splitlines())
    assert header == ["NAME", "SCOPES", "APIS", "PRODUCTS", "ENVIRONMENTS", "EXPIRES", "LAST", "USED"]
    assert ci[:5] == ["ci", "ingest", "all", "acme/web", "all"]
    assert ops == ["ops", "admin,read", "all", "all", "all", "never", "never"]
    shown = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [key["name"] for key in shown] == ["ci", "ops"]
    assert shown[0]["products"] == ["acme/web"]
    for text in (table.stdout, lines.stdout):
        assert secret not in text
        assert digest(secret) not in text


def test_a_list_shows_when_a_key_was_last_used(keys: Keys) -> None:
    keys("create", "ci", "--scope=ingest")
    used = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    asyncio.run(FileKeys(keys.path).keep_uses({"ci": used}))

    assert json.loads(keys("list", "--format=json").stdout)["last_used_at"] == f"{used:%Y-%m-%dT%H:00:00Z}"
    assert f"{used:%Y-%m-%dT%H:00:00Z}" in keys("list").stdout


def test_a_key_of_ones_own_is_read_from_standard_input(keys: Keys) -> None:
    done = keys("import", "versioner", "--scope=ingest", typed=f"{VERSIONER}\n")

    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "Imported the key versioner.\n"
    assert keys.stored["versioner"].digest == digest(VERSIONER)
    assert VERSIONER not in keys.path.read_text()


def test_several_keys_are_read_from_a_file(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "old-keys"
    file.write_text(f"versioner={VERSIONER}\nsite={QUANTA}\n")

    done = keys("import", "--scope=ingest", f"--from={file}", "--workspace=acme")

    assert done.exit_code == 0
    assert {name: key.digest for name, key in keys.stored.items()} == {
        "versioner": digest(VERSIONER),
        "site": digest(QUANTA),
    }
    assert {key.workspace for key in keys.stored.values()} == {"acme"}


def test_the_same_import_again_changes_nothing(keys: Keys) -> None:
    keys("import", "site", "--scope=ingest", "--product=shop", typed=QUANTA)
    before = keys.stored

    again = keys("import", "site", "--scope=read", typed=QUANTA)

    assert again.exit_code == 0
    assert again.stderr == "There already is the key site.\n"
    assert keys.stored == before


@pytest.mark.parametrize(
    "typed",
    [
        f"fine=0123456789abcdef\nother={QUANTA}\n",
        f"fine=0123456789abcdef\nsite={VERSIONER}\n",
        f"fine=0123456789abcdef\nNot-a-name={VERSIONER}\n",
        "fine=0123456789abcdef\nshort=hunter2\n",
        "fine=0123456789abcdef\nno key at all\n",
    ],
)
def test_of_an_import_that_cannot_be_nothing_is_stored_and_no_key_is_shown(keys: Keys, typed: str) -> None:
    keys("import", "site", "--scope=ingest", typed=QUANTA)

    done = keys("import", "--scope=ingest", typed=typed)

    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("deploytrail: ")
    assert set(keys.stored) == {"site"}
    assert not any(key in done.output for key in (QUANTA, VERSIONER, "hunter2", "0123456789abcdef"))


@pytest.mark.parametrize("arguments", [("site", QUANTA), (QUANTA,), (VERSIONER,)])
def test_a_key_among_the_arguments_is_refused_and_not_shown(keys: Keys, arguments: tuple[str, ...]) -> None:
    done = keys("import", *arguments, "--scope=ingest", typed=arguments[-1])

    assert done.exit_code == 2
    assert not any(key in done.output for key in (QUANTA, VERSIONER))
    assert keys.stored == {}
