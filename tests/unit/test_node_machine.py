"""Whether a machine can run a node, and what is swept up after one that was killed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.node import cgroups, machine
from tests.node.machine import PREFIX, Unfit, prepare, sweep

Docker = Callable[[int], None]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """Puts a docker on a PATH that is empty but for it; its exit code is the argument."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(code: int) -> None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / "docker").chmod(0o755)

    return put


def test_who_is_not_root_is_told_of_kind(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    docker(0)

    with pytest.raises(Unfit, match="needs root on Linux; Docker is here: make test-node CLUSTER=kind"):
        prepare()


def test_without_root_and_docker_both_are_said_to_be_missing(docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    docker(1)

    with pytest.raises(Unfit, match=r"needs root on Linux; the same tests run on kind.*no Docker answers here either"):
        prepare()


def test_only_what_dead_runs_have_left_is_swept_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FOLDERS", tmp_path)
    monkeypatch.setattr(cgroups, "ROOT", tmp_path / "cgroup")
    for name in (f"{PREFIX}1", f"{PREFIX}2", f"{PREFIX}mine", "another"):
        (tmp_path / name).mkdir()
    for group in ("memory/deploytrail-node-1/kubepods/pod1", "memory/deploytrail-node-2"):
        (tmp_path / "cgroup" / group).mkdir(parents=True)

    sweep(lambda pid: pid == 2)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["another", "cgroup", f"{PREFIX}2", f"{PREFIX}mine"]
    assert [each.name for each in (tmp_path / "cgroup/memory").iterdir()] == ["deploytrail-node-2"]
