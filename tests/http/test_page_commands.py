"""Pages under docs/ whose commands need no cluster: run as they stand there, in their order."""

import json
import shutil
from pathlib import Path

from tests.controlplane.processes import free_port
from tests.docs import blocks, run
from tests.http.test_without_cluster import EVENT, started, with_key
from tests.operator_process import Operator
from tests.waiting import wait_until

STREAM = Path(__file__).parents[1] / "golden/argocd/captured/10-rollback.watch.jsonl"


def test_the_life_of_a_key(tmp_path: Path) -> None:
    life, bring = blocks("http.md", "Keys")
    (tmp_path / "versioner-key").write_text("sk_theirs_k1_8f3a2b9c7d6e5f4a")
    (tmp_path / "old-keys").write_text("one=sk_theirs_k1_0000000000000001\ntwo=sk_theirs_k1_0000000000000002\n")
    keys = {"DEPLOYTRAIL_KEYS_FILE": str(tmp_path / "keys.json")}

    printed = run(life, tmp_path, **keys)
    run(bring, tmp_path, **keys)

    first, *_, second = (line for line in printed.splitlines() if line.startswith("dtk_"))
    assert first != second
    left = run("deploytrail keys list --format json", tmp_path, **keys).splitlines()
    assert {json.loads(line)["name"] for line in left} == {"ci-2", "versioner", "one", "two"}


def test_a_store_without_a_cluster(tmp_path: Path) -> None:
    (script,) = blocks("stores.md", "Without a cluster")

    assert '"ready"' in is_ready(script, tmp_path)
    assert (tmp_path / "deploytrail.db").exists()


def test_pages_behind_a_proxy(tmp_path: Path) -> None:
    make_key, behind = blocks("page.md", "Who may look")
    settings = {
        "DEPLOYTRAIL_STORE": f"sqlite:///{tmp_path}/records.db",
        "DEPLOYTRAIL_SOURCES": "http",
        "DEPLOYTRAIL_KEYS_FILE": str(tmp_path / "keys.json"),
    }

    assert run(make_key, tmp_path, **settings).startswith("dtk_")
    assert '"ready"' in is_ready(behind, tmp_path, **settings)


def is_ready(script: str, folder: Path, **settings: str) -> str:
    """What ``/readyz`` answers of a script whose last command goes on running."""
    port = free_port()
    ask = f"curl -fsS --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:{port}/readyz"
    return run(f"{script.rstrip()} &\n{ask}", folder, DEPLOYTRAIL_LISTEN=f"127.0.0.1:{port}", **settings)


def test_dora(tmp_path: Path) -> None:
    ask, mark = blocks("dora.md")[:2]

    with started(f"sqlite:///{tmp_path}/records.db", tmp_path) as operator:
        wait_until(lambda: operator.post(EVENT).status_code == 200)
        (one,) = operator.deployments()
        known = {"URL": operator.url, "KEY": operator.key, "ID": one["id"]}
        answer = json.loads(run(ask, tmp_path, **known))
        run(mark, tmp_path, **known)
        (said,) = operator.get(f"/api/v1/deployments/{one['id']}").json()["marks"]

    assert "change_failure_rate" in json.dumps(answer)
    assert said["failure"] is True


def test_replaying_a_recording(tmp_path: Path) -> None:
    _, replay = blocks("replay.md")[:2]
    shutil.copy(STREAM, tmp_path / "recording.json")
    table, with_jq = replay.splitlines()

    assert "rollback" in run(table, tmp_path)
    lines = run(with_jq.partition(" | ")[0], tmp_path).splitlines()  # jq is not on every machine
    assert {"counted", "end_time", "app", "version", "status"} <= json.loads(lines[0]).keys()


def test_deriving_the_records_again(tmp_path: Path) -> None:
    script = blocks("replay.md")[2]
    store = f"sqlite:///{tmp_path}/records.db"

    with started(store, tmp_path) as operator:
        wait_until(lambda: operator.post(EVENT).status_code == 200)
        operator.stop()
        printed = run(script, tmp_path, DEPLOYTRAIL_STORE=store, DEPLOYTRAIL_KEYS_FILE=str(tmp_path / "keys.json"))

    assert printed == ""  # nothing is read differently


def test_the_doctor_without_a_cluster(tmp_path: Path) -> None:
    *_, ask = blocks("troubleshooting.md")[0].strip().splitlines()
    keys_file, _ = with_key(tmp_path)
    settings = {
        "DEPLOYTRAIL_STORE": f"sqlite:///{tmp_path}/records.db",
        "DEPLOYTRAIL_SOURCES": "http",
        "DEPLOYTRAIL_KEYS_FILE": keys_file,
    }

    with Operator(settings, tmp_path) as operator:
        # A machine that is busy with other tests takes longer than a person would wait.
        patiently = ask.partition("#")[0] + "--timeout 60"
        printed = run(patiently, tmp_path, DEPLOYTRAIL_URL=operator.url)

    for line in ("store", "keys", "endpoint"):
        assert f"ok    {line}" in printed
