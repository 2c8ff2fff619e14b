"""Whatever a watch does to a stream (repeat, lose, mix), no record is made twice, reopened, or made a success of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.mapping.recording import Event
from deploytrail.record.model import Deployment, Status
from deploytrail.record.rollout import resume
from deploytrail.replay import Replay
from tests.golden.argocd.streams import Folded, Stream, ended_badly, fold, streams

STREAMS = st.sampled_from(streams())
EXAMPLES = settings(max_examples=120, deadline=None)


def check_invariants(folded: Folded, events: Sequence[Event]) -> None:
    """One record for an operation, never touched after its verdict, and no success out of a failure."""
    operations = Counter(
        (d.application.uid, d.started_at, heals(d)) for d in folded.deployments.values() if d.application
    )
    assert all(count == 1 for count in operations.values()), operations
    terminal: set[str] = set()
    for report in folded.told:
        assert report.id not in terminal, f"told again after its verdict: {report}"
        if report.telling.status.terminal:
            terminal.add(report.id)
    bad = ended_badly(events)
    for deployment in folded.deployments.values():
        assert not (deployment.started_at in bad and deployment.status is Status.COMPLETED), deployment


def restarted(stream: Stream, before: Folded, last: Event) -> Replay:
    """A new process that knows what the store holds, begun right after ``last``."""
    replay = Replay(watching_since=stream.events[0].at)
    uid = stream.events[0].obj["metadata"]["uid"]
    assert last.at is not None
    replay.resume(resume(uid, list(before.deployments.values())), last.at)
    return replay


def until(stream: Stream, count: int) -> Folded:
    """What the store holds when the process ends after so many events."""
    folded, replay = Folded(), Replay()
    for event in stream.events[:count]:
        folded.tell(replay.feed(event))
    return folded


def heals(deployment: Any) -> int:
    return int(deployment.metadata["argocd"].get("heals", 0))


def check_unchanged(before: Mapping[str, Deployment], after: Folded) -> None:
    """What had a verdict before still has that one."""
    for identity, deployment in before.items():
        assert not deployment.status.terminal or after.deployments[identity] == deployment


def renamed(stream: Stream, index: int) -> tuple[Event, ...]:
    """The stream as that of another Application, so that two of one name can be mixed."""
    events = []
    for event in stream.events:
        metadata = event.obj["metadata"]
        other = {**metadata, "name": f"{metadata['name']}-{index}", "uid": f"{index}-{metadata['uid']}"}
        events.append(replace(event, obj={**event.obj, "metadata": other}))
    return tuple(events)


@EXAMPLES
@given(data=st.data(), stream=STREAMS)
def test_repeated_events_change_nothing(data: st.DataObject, stream: Stream) -> None:
    times = data.draw(st.lists(st.integers(1, 3), min_size=len(stream.events), max_size=len(stream.events)))
    events = [event for event, count in zip(stream.events, times, strict=True) for _ in range(count)]

    folded = fold(events)

    check_invariants(folded, events)
    assert folded.rows() == fold(stream.events).rows()


@EXAMPLES
@given(data=st.data(), stream=STREAMS)
def test_an_older_event_that_comes_again_makes_no_record_and_changes_no_verdict(
    data: st.DataObject, stream: Stream
) -> None:
    at = data.draw(st.integers(0, len(stream.events) - 1))
    again = data.draw(st.integers(0, at))
    events = [
        *stream.events[: at + 1],
        replace(stream.events[again], at=stream.events[at].at),
        *stream.events[at + 1 :],
    ]

    folded = fold(events)

    check_invariants(folded, events)
    assert folded.rows() == fold(stream.events).rows()


@EXAMPLES
@given(data=st.data(), stream=STREAMS)
def test_lost_events_make_no_new_records(data: st.DataObject, stream: Stream) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(stream.events), max_size=len(stream.events)))
    kept[0] = kept[-1] = True
    events = [event for event, keep in zip(stream.events, kept, strict=True) if keep]

    folded = fold(events)

    check_invariants(folded, stream.events)
    assert folded.deployments.keys() <= fold(stream.events).deployments.keys()


@EXAMPLES
@given(data=st.data(), stream=STREAMS)
def test_what_history_still_holds_is_never_lost(data: st.DataObject, stream: Stream) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(stream.events), max_size=len(stream.events)))
    kept[0] = kept[-1] = True
    events = [event for event, keep in zip(stream.events, kept, strict=True) if keep]
    history = stream.events[-1].obj.get("status", {}).get("history") or []
    held = {entry["deployStartedAt"] for entry in history}

    rows = fold(events).rows()

    recorded = {row["start_time"] for row in rows}
    assert {row["start_time"] for row in fold(stream.events).rows()} & held <= recorded


@EXAMPLES
@given(data=st.data(), chosen=st.lists(STREAMS, min_size=2, max_size=5))
def test_mixed_applications_do_not_touch_each_other(data: st.DataObject, chosen: list[Stream]) -> None:
    alone = [renamed(stream, index) for index, stream in enumerate(chosen)]
    order = data.draw(st.permutations([index for index, events in enumerate(alone) for _ in events]))
    upcoming = [iter(events) for events in alone]
    mixed = [next(upcoming[index]) for index in order]

    folded = fold(mixed)

    check_invariants(folded, mixed)
    expected = [row for events in alone for row in fold(events).rows()]
    assert folded.rows() == sorted(expected, key=lambda row: (row["app"], row["start_time"], row["id"]))


@pytest.mark.parametrize("stream", streams(), ids=lambda stream: stream.name)
def test_a_restart_at_any_moment_changes_no_record(stream: Stream) -> None:
    uncut = fold(stream.events).rows()
    for cut in range(1, len(stream.events)):
        folded = until(stream, cut)
        before = folded.deployments

        replay = restarted(stream, folded, stream.events[cut - 1])
        after = fold(stream.events[cut:], replay, folded)

        assert after.rows() == uncut, f"cut before event {cut}"
        check_invariants(after, stream.events)
        check_unchanged(before, after)


@EXAMPLES
@given(data=st.data(), stream=STREAMS)
def test_a_restart_with_a_pause_makes_no_new_records(data: st.DataObject, stream: Stream) -> None:
    first = data.draw(st.integers(1, len(stream.events)))
    second = data.draw(st.integers(first, len(stream.events)))
    folded = until(stream, first)
    before = folded.deployments

    replay = restarted(stream, folded, stream.events[first - 1])
    after = fold(stream.events[second:], replay, folded)

    assert after.deployments.keys() <= fold(stream.events).deployments.keys()
    check_invariants(after, stream.events)
    check_unchanged(before, after)
