"""Every recorded stream gives the records that were declared for it, and nothing else."""

import io
import json
from pathlib import Path

import pytest

from deploytrail.replay import replay
from tests.golden.argocd.streams import Stream, fold, matches, streams

EACH = pytest.mark.parametrize("stream", streams(), ids=lambda stream: stream.name)


def test_all_streams_are_here() -> None:
    assert len(streams()) == 38


@EACH
def test_a_stream_gives_its_records_and_nothing_else(stream: Stream) -> None:
    out, err = io.StringIO(), io.StringIO()

    code = replay([stream.path], out=out, err=err)

    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    for expected in stream.records:
        row = next((row for row in rows if matches(expected, row)), None)
        assert row is not None, f"not among {rows}: {expected}"
        rows.remove(row)
    for expected in stream.optional:
        row = next((row for row in rows if matches(expected, row)), None)
        if row is not None:
            assert not row["counted"]
            rows.remove(row)
    assert rows == []
    assert (code, err.getvalue()) == (0, "")


@EACH
def test_a_stream_as_kubectl_prints_it_gives_the_same_records(stream: Stream, tmp_path: Path) -> None:
    printed = tmp_path / "kubectl.json"
    with stream.path.open(encoding="utf-8") as lines, printed.open("w", encoding="utf-8") as copy:
        for line in lines:
            event = json.loads(line)
            copy.write(json.dumps({"type": event["type"], "object": event["object"]}, indent=4) + "\n")
    out, err = io.StringIO(), io.StringIO()

    code = replay([printed], out=out, err=err)

    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(any(matches(expected, row) for row in rows) for expected in stream.records)
    assert len(rows) == len(fold(stream.events).rows())
    assert (code, err.getvalue()) == (0, "")


@EACH
def test_a_stream_counts_what_got_a_verdict_and_was_neither_partial_nor_stopped(stream: Stream) -> None:
    rows = fold(stream.events).rows()

    for row in rows:
        verdict = row["status"] in ("success", "failed")
        stopped = "terminated" in (row["reason"] or "")
        assert row["counted"] == (verdict and not row["partial"] and not stopped)


@EACH
def test_a_stream_read_twice_gives_the_same_records(stream: Stream) -> None:
    once, twice = fold(stream.events), fold((*stream.events, *stream.events))

    assert twice.rows() == once.rows()
