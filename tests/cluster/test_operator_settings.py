"""Starting the process: what it can be told, what it says when told wrongly, and that it waits for an API server."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from deploytrail.settings import Settings
from tests.cluster.trail import read_log
from tests.controlplane.cluster import write_kubeconfig
from tests.controlplane.processes import free_port
from tests.http.endpoint import event
from tests.operator_process import DEPLOYMENTS, Operator, deploytrail

DEFAULTS = {
    "listen": "127.0.0.1:8080",
    "sources": "argocd,resources,http",
    "namespace": "deploytrail",
    "log_level": "info",
    "argocd_namespaces": "*",
    "argocd_hold": "5s",
    "argocd_settle": "30s",
    "argocd_deadline": "3600s",
    "argocd_backfill": "none",
}
"""Some of them, as they are shown."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of an API server that is not there."""
    nowhere = f"https://127.0.0.1:{free_port()}"
    return write_kubeconfig(tmp_path / "kubeconfig", url=nowhere, ca="", token="none", namespace="default")


@pytest.fixture
def lonely(kubeconfig: Path, tmp_path: Path) -> Iterator[Operator]:
    """An operator that has never seen an API server."""
    operator = Operator({"DEPLOYTRAIL_KUBECONFIG": str(kubeconfig)}, tmp_path, key="dtk_perhaps_good")
    operator.start(ready=False)
    yield operator
    assert operator.stop() in (0, None)


def leaves(model: type[BaseModel], *path: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, *path, name)
        else:
            yield "_".join((*path, name))


def test_help_shows_every_setting_with_its_variable_and_its_default() -> None:
    shown = deploytrail("run", "--help", COLUMNS="100")

    text = re.sub(r"\s+", " ", shown.stdout)
    settings = list(leaves(Settings))
    assert shown.returncode == 0
    assert len(settings) > 15
    for name in settings:
        assert f" --{name.replace('_', '-')} " in text
        assert re.search(rf"\[env: DEPLOYTRAIL_{name.upper()}(\]|; default: )", text), name
    for name, default in DEFAULTS.items():
        assert f"[env: DEPLOYTRAIL_{name.upper()}; default: {default}]" in text


def test_a_wrong_setting_ends_it_with_one_sentence() -> None:
    ended = deploytrail("run", "--log-level=info", DEPLOYTRAIL_ARGOCD_SETTLE="30")

    sentence = "deploytrail: argocd.settle: write a duration like 30s, 5m, 1h30m or 90d\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", sentence)


def test_a_port_that_is_taken_ends_it_with_one_sentence(kubeconfig: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        ended = deploytrail("run", f"--listen={address}", f"--kubeconfig={kubeconfig}")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"deploytrail: cannot listen on {address}: Address already in use\n"


def test_without_an_api_server_it_stays_up_and_says_come_back_later(lonely: Operator) -> None:
    posted, asked, unready = lonely.post(event()), lonely.get(DEPLOYMENTS), lonely.get("/readyz")

    assert lonely.get("/healthz").status_code == 200
    assert [answer.status_code for answer in (posted, asked, unready)] == [503, 503, 503]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in (posted, asked, unready))
    assert posted.json() == {"message": "Service unavailable", "error": "the keys have not been read yet"}
    assert set(unready.json()) == {"status", "since", "problems"}
    assert lonely.stop() == 0
    assert read_log(lonely.process.log.read_text(), ["dtk_perhaps_good"]) == []
