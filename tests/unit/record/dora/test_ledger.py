"""Counts that follow every change are those that a look at everything gives."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploytrail.record.dora.judging import Rules
from deploytrail.record.dora.ledger import Ledger
from deploytrail.record.model import Build, Deployment, Mark, Source, Status, Telling, Trigger
from tests.dora import cells
from tests.reports import NOON

RULES = (Rules(), Rules(fix_window=timedelta(minutes=30), replace_window=timedelta(minutes=20)))

ENDED = [Status.COMPLETED] * 4 + [Status.FAILED] * 2 + [Status.ABORTED, Status.UNKNOWN, Status.STARTED]


@st.composite
def deployments(draw: st.DrawFn) -> Deployment:
    status = draw(st.sampled_from(ENDED))
    at = NOON + timedelta(minutes=draw(st.integers(0, 3000)))
    marked = draw(st.sampled_from([None, None, None, None, (True, None), (False, None), (None, False), (None, True)]))
    said = telling(status, at, raw_status=draw(st.sampled_from(["Succeeded/Degraded", "failed", None])))
    return Deployment(
        id=f"d{draw(st.integers(0, 30))}",
        product=draw(st.sampled_from(["web", "web", "api"])),
        environment=draw(st.sampled_from(["production", "production", "staging"])),
        version=draw(st.sampled_from(["1", "2", "3", "4", None])),
        commit=draw(st.sampled_from(["abc1234", None])),
        committed_at=draw(st.sampled_from([None, None, at - timedelta(hours=3), at + timedelta(hours=1)])),
        trigger=draw(st.sampled_from([None, None, None, Trigger.ROLLBACK])),
        counted=draw(st.sampled_from([True, True, True, False])),
        metadata=draw(st.sampled_from([{}, {"team": "red"}, {"deploytrail.dev/team": "blue"}])),
        marks=() if marked is None else (Mark(at=at, by="ann", failure=marked[0], counted=marked[1]),),
        finished_at=at if status.terminal else None,
        started_at=at,
        **known(status, said),
    )


@st.composite
def builds(draw: st.DrawFn) -> Build:
    status = draw(st.sampled_from([Status.COMPLETED, Status.FAILED]))
    at = NOON + timedelta(minutes=draw(st.integers(0, 999)))
    return Build(
        id=f"b{draw(st.integers(0, 3))}",
        product=draw(st.sampled_from(["web", "api"])),
        version=draw(st.sampled_from(["1", "2", "3"])),
        committed_at=draw(st.sampled_from([None, at - timedelta(hours=2)])),
        finished_at=at,
        **known(status, telling(status, at)),
    )


def telling(status: Status, at: Any, **more: Any) -> Telling:
    return Telling(source=Source.HIVEL, status=status, at=at, received_at=at, **more)


def known(status: Status, said: Telling) -> dict[str, Any]:
    return {"status": status, "source": Source.HIVEL, "created_at": NOON, "updated_at": NOON, "tellings": (said,)}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(deployments(), deployments(), deployments(), builds()), max_size=60),
    st.sets(st.integers(0, 59)),
    st.sampled_from(RULES),
)
def test_counts_that_follow_are_those_of_a_look_at_everything(
    told: Sequence[Deployment | Build], gone: set[int], rules: Rules
) -> None:
    ledger, kept = Ledger(rules), dict[str, Any]()

    for number, record in enumerate(told):
        _put(ledger, kept.get(record.id), record)
        kept[record.id] = record
        if number in gone:
            _put(ledger, kept.pop(record.id), None)

    there = [each for each in kept.values() if isinstance(each, Deployment)]
    expected = cells(there, [each for each in kept.values() if isinstance(each, Build)], rules)
    assert {tuple(cell): counts for cell, counts in ledger.cells.items()} == expected


@pytest.mark.parametrize("versions", [1, 2, 3, 11, 14, 200])
def test_long_histories_are_counted_like_short_ones(versions: int) -> None:
    dice = random.Random(versions)
    ledger, kept = Ledger(Rules()), dict[str, Deployment]()

    for number in dice.choices(range(160), k=500):
        at = NOON + timedelta(minutes=number)
        status = dice.choices([Status.COMPLETED, Status.FAILED, Status.ABORTED], [8, 1, 1])[0]
        record = Deployment(
            id=f"d{number}", product="web", environment="production", version=str(dice.randrange(versions)),
            trigger=Trigger.ROLLBACK if dice.random() < 0.03 else None,
            committed_at=at - timedelta(hours=1), finished_at=at, **known(status, telling(status, at)),
        )  # fmt: skip
        _put(ledger, kept.get(record.id), record)
        kept[record.id] = record
        if dice.random() < 0.2:
            _put(ledger, kept.pop(record.id), None)

    assert {tuple(cell): counts for cell, counts in ledger.cells.items()} == cells(kept.values(), [], Rules())


def _put(ledger: Ledger, before: Any, after: Any) -> None:
    if isinstance(before or after, Deployment):
        ledger.put_deployment(before, after)
    else:
        ledger.put_build(before, after)
