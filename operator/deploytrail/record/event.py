"""What is announced of a record: that it was made, and every change of its status."""

from dataclasses import dataclass
from datetime import datetime

from deploytrail.record.lifecycle import leads
from deploytrail.record.model import Record, Status


@dataclass(frozen=True, slots=True)
class Event:
    """One announcement. The type's first word is the kind of record: with its id and ``position`` it is unique."""

    type: str
    """The dotted name, e.g. ``deployment.completed``."""
    record_id: str
    position: int
    """Which of the record's tellings brought it about, counted from 0."""
    heard_at: datetime
    """When that was told."""

    @property
    def kind(self) -> str:
        """``deployment``, ``build`` or ``annotation``."""
        return self.type.partition(".")[0]


def news(record: Record, *, was: Status | None) -> Event | None:
    """What the newest telling of a record announces, if its status ``was`` another one, or the record not there."""
    return _event(record, record.status, len(record.tellings) - 1) if record.status is not was else None


def events(record: Record) -> tuple[Event, ...]:
    """Everything that was announced of a record, oldest first, by what its tellings did to it one after the other."""
    found, status = [_event(record, record.tellings[0].status, 0)], record.tellings[0].status
    for position, telling in enumerate(record.tellings):
        if telling.status is not status and leads(telling, record.tellings[:position], reached=status):
            status = telling.status
            found.append(_event(record, status, position))
    return tuple(found)


def _event(record: Record, status: Status, position: int) -> Event:
    return Event(record.announced_as(status), record.id, position, record.tellings[position].received_at)
