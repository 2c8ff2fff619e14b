"""``deploytrail replay`` as a function."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from deploytrail.mapping.rules import Rules
from deploytrail.replay import replay
from tests.unit.mapping.applications import COMMIT, OTHER, SOURCE, application

KEYS = {
    "app", "product", "environment", "version", "commit", "status", "start_time", "end_time", "healthy_at",
    "deployed_by", "trigger", "partial", "counted", "repo_url", "reason", "revisions", "images", "retries", "id",
}  # fmt: skip


def event(time: str, kind: str = "MODIFIED", **changes: Any) -> dict[str, Any]:
    return {"type": kind, "observedAt": f"2026-03-02T{time}Z", "object": application(**changes)}


def operation(phase: str, started: str, finished: str | None, revision: str = OTHER) -> dict[str, Any]:
    return {
        "phase": phase,
        "startedAt": f"2026-03-02T{started}Z",
        "finishedAt": f"2026-03-02T{finished}Z" if finished else None,
        "operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": revision, "source": SOURCE}},
        "syncResult": {"revision": revision, "source": SOURCE} if finished else None,
    }


REQUEST = {"initiatedBy": {"username": "alice"}, "sync": {"revision": OTHER, "source": SOURCE}}


def deployment(name: str = "web", uid: str = "uid-1", **changes: Any) -> list[dict[str, Any]]:
    """Three events: as found, running, succeeded and compared."""
    who = {"metadata__name": name, "metadata__uid": uid} | changes
    running, ended = operation("Running", "10:00:00", None), operation("Succeeded", "10:00:00", "10:00:02")
    return [
        event("09:59:00", "ADDED", **who),
        event("10:00:00", operation=REQUEST, status__operationState=running, **who),
        event("10:00:03", status__operationState=ended, status__reconciledAt="2026-03-02T10:00:03Z", **who),
    ]


def write(path: Path, *events: dict[str, Any] | str, indent: int | None = None) -> Path:
    path.write_text(
        "".join((item if isinstance(item, str) else json.dumps(item, indent=indent)) + "\n" for item in events), "utf-8"
    )
    return path


def run(*files: Path, **options: Any) -> tuple[int, list[dict[str, Any]], str]:
    out, err = io.StringIO(), io.StringIO()
    code = replay(files, out=out, err=err, **options)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_one_line_is_printed_per_record_with_all_keys(tmp_path: Path) -> None:
    code, rows, err = run(write(tmp_path / "a.jsonl", *deployment()))

    assert (code, err) == (0, "")
    (row,) = rows
    assert row.keys() == KEYS
    assert row == row | {
        "app": "argocd/web",
        "product": "web",
        "environment": "web-prod",
        "version": "1.2.3",
        "commit": OTHER,
        "status": "success",
        "start_time": "2026-03-02T10:00:00Z",
        "end_time": "2026-03-02T10:00:02Z",
        "healthy_at": None,
        "deployed_by": "alice",
        "trigger": "manual",
        "partial": False,
        "counted": True,
        "repo_url": "https://git.example.com/acme/shop.git",
        "reason": None,
        "revisions": [OTHER],
        "images": ["registry.example.com/shop/web:1.2.3"],
        "retries": 0,
    }


def test_a_self_heal_that_brought_a_revision_was_partial_and_counts(tmp_path: Path) -> None:
    selected = {"resources": [{"kind": "ConfigMap", "name": "web"}], "autoHealAttemptsCount": 1}
    heal = {"initiatedBy": {"automated": True}, "sync": {"revision": OTHER, "source": SOURCE, **selected}}
    events = deployment()
    events[1]["object"]["operation"] = heal
    for each in events[1:]:
        each["object"]["status"]["operationState"]["operation"] = heal

    _, rows, _ = run(write(tmp_path / "a.jsonl", *events))

    assert [(row["trigger"], row["partial"], row["counted"]) for row in rows] == [("self-heal", True, True)]


def test_time_goes_on_after_the_last_line_until_nothing_is_awaited(tmp_path: Path) -> None:
    progressing = {"status": "Progressing", "lastTransitionTime": "2026-03-02T10:00:03Z"}

    _, rows, _ = run(write(tmp_path / "a.jsonl", *deployment(status__health=progressing)))

    assert [(row["status"], row["reason"]) for row in rows] == [
        ("unknown", "no verdict within 1h: health is Progressing")
    ]


def test_what_still_runs_when_the_recording_ends_says_so_and_does_not_count(tmp_path: Path) -> None:
    _, rows, _ = run(write(tmp_path / "a.jsonl", *deployment()[:2]))

    assert [(row["status"], row["reason"], row["counted"], row["end_time"]) for row in rows] == [
        ("unknown", "still running when the recording ends", False, None)
    ]


def test_records_are_ordered_by_application_and_start(tmp_path: Path) -> None:
    mixed = [item for pair in zip(deployment("zoo", "z"), deployment("api", "a"), strict=True) for item in pair]

    _, rows, _ = run(write(tmp_path / "a.jsonl", *mixed))

    assert [row["app"] for row in rows] == ["argocd/api", "argocd/zoo"]


def test_what_kubectl_prints_gives_the_same_records(tmp_path: Path) -> None:
    ours = deployment()
    kubectls = [{"type": item["type"], "object": item["object"]} for item in ours]

    code, rows, err = run(write(tmp_path / "kubectl.json", *kubectls, indent=4))

    assert (code, err) == (0, "")
    assert rows == run(write(tmp_path / "ours.jsonl", *ours))[1]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")],
    ids=["UTF-8", "UTF-8 with a mark", "UTF-16 of PowerShell", "UTF-16, big-endian"],
)
def test_a_recording_from_windows_gives_the_same_records(
    tmp_path: Path, mark: bytes, encoding: str, newline: str
) -> None:
    ours = deployment("h\u00e4fen")
    lines = "".join(json.dumps(item, ensure_ascii=False) + newline for item in ours)
    (tmp_path / "windows.jsonl").write_bytes(mark + lines.encode(encoding))

    code, rows, err = run(tmp_path / "windows.jsonl")

    assert (code, err) == (0, "")
    assert rows == run(write(tmp_path / "ours.jsonl", *ours))[1]
    assert [row["status"] for row in rows] == ["success"]


def test_an_application_goes_on_over_several_files(tmp_path: Path) -> None:
    first, *rest = deployment()

    files = [write(tmp_path / "1.jsonl", first), write(tmp_path / "2.jsonl", *rest)]

    assert [row["status"] for row in run(*files)[1]] == ["success"]


def test_recordings_of_two_clusters_are_read_together(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1.jsonl", *deployment()), write(tmp_path / "2.jsonl", *deployment(uid="uid-2"))

    assert [row["status"] for row in run(one, two)[1]] == ["success", "success"]


def test_a_recreated_application_is_another_one(tmp_path: Path) -> None:
    fresh = {"status": {"health": {}, "sync": {"status": ""}}}
    again = deployment(uid="uid-2")[1:]

    _, rows, _ = run(
        write(
            tmp_path / "a.jsonl", *deployment()[:2], event("09:59:30", "ADDED", metadata__uid="uid-2", **fresh), *again
        )
    )

    assert [(row["status"], row["reason"]) for row in rows if row["status"] == "unknown"] == [
        ("unknown", "the application disappeared")
    ]
    assert len({row["id"] for row in rows}) == 2


def test_bad_lines_are_told_with_file_and_line_and_the_rest_is_read(tmp_path: Path) -> None:
    first, *rest = deployment()
    nameless = event("09:59:30", metadata__uid=None)
    path = write(tmp_path / "a.jsonl", first, "oops", nameless, *rest)

    code, rows, err = run(path)

    assert code == 1
    assert [row["status"] for row in rows] == ["success"]
    assert err.splitlines() == [
        f"{path}:2: not JSON: Expecting value: line 1 column 1 (char 0)",
        f"{path}:3: an Application without a name or a uid",
    ]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    missing, binary = tmp_path / "missing.jsonl", tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\n")

    code, rows, err = run(missing, binary, write(tmp_path / "a.jsonl", *deployment()))

    assert (code, len(rows)) == (1, 1)
    assert err.splitlines()[0] == f"{missing}: No such file or directory"
    assert err.splitlines()[1].startswith(f"{binary}:1: not JSON")


def test_operations_that_are_lost_are_told(tmp_path: Path) -> None:
    def entry(number: int, hour: int) -> dict[str, Any]:
        times = {"deployStartedAt": f"2026-03-02T{hour:02}:00:00Z", "deployedAt": f"2026-03-02T{hour:02}:00:01Z"}
        return {"id": number, "revision": COMMIT, "source": SOURCE, **times}

    first = event("09:59:00", "ADDED", status__history=[entry(5, 8)])
    later = event("12:00:00", status__history=[entry(9, 11)], metadata__generation=9)

    code, _, err = run(write(tmp_path / "a.jsonl", first, later))

    assert code == 0
    assert err == "argocd/web: 3 operations before history id 9 were missed and are lost\n"


def test_rules_and_policy_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *deployment())

    _, rows, _ = run(path, rules=Rules(namespaces={"web-*": "production"}))

    assert rows[0]["environment"] == "production"


@pytest.mark.parametrize("word", ["argocd/web", "success", "manual", "alice", "1.2.3"])
def test_people_get_a_table(tmp_path: Path, word: str) -> None:
    out = io.StringIO()

    code = replay([write(tmp_path / "a.jsonl", *deployment())], format="table", out=out, err=io.StringIO())

    assert code == 0
    assert word in out.getvalue()
