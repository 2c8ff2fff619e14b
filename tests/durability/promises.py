"""What has to be true of a store after whatever happened, and a sentence for each promise that was broken."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from deploytrail.record.event import Event, events
from tests.durability.load import Load
from tests.durability.witness import Holding
from tests.operator_process import Operator


class BrokenPromise(AssertionError):
    """Something was lost, doubled, invented or refused."""


def check_kept(load: Load, holding: Holding) -> None:
    """Every acknowledged report is there exactly once, nothing that nobody sent; outbox and counts agree with it."""
    stored = Counter(holding.bodies)
    _no("acknowledged and lost", load.acknowledged - stored.keys())
    _no("stored more than once", (body for body, times in stored.items() if times > 1))
    _no("stored and never sent", stored.keys() - load.sent)
    _no("refused without a reason", load.refused)
    _no("miscounted", holding.miscounted)
    if holding.outbox is not None:
        announced = Counter(map(_name, holding.outbox))
        expected = Counter(_name(event) for record in holding.records for event in events(record))
        _no("recorded and not in the outbox", expected - announced)
        _no("in the outbox and not recorded", announced - expected)


def check_created_once(operator: Operator) -> None:
    """No record was said to be new twice, by any process."""
    created = Counter(
        line["id"] for line in _lines(operator) if line["event"].endswith("_recorded") and line.get("created")
    )
    _no("said to be created more than once", (record for record, times in created.items() if times > 1))


def _lines(operator: Operator) -> Iterable[dict[str, str]]:
    """The log. The last line of a process that was killed may be half a line."""
    for line in operator.process.log.read_text().splitlines():
        with suppress(json.JSONDecodeError):
            yield json.loads(line)


def _name(event: Event) -> tuple[str, str, int]:
    return event.type, event.record_id, event.position


def _no(what: str, found: Iterable[object]) -> None:
    those = list(found)
    if those:
        raise BrokenPromise(f"{len(those)} {what}, such as {those[0]}")
