"""The outbox, a row for each event."""

from sqlalchemy import select

from deploytrail.record.event import Event
from deploytrail.stores.base import Entry
from deploytrail.stores.sql.door import Door
from deploytrail.stores.sql.tables import OUTBOX


class SqlOutbox:
    """See Outbox."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def pending(self, *, limit: int, after: int = 0) -> tuple[Entry, ...]:
        """See Outbox."""
        oldest_first = select(OUTBOX).where(OUTBOX.c.sequence > after).order_by(OUTBOX.c.sequence).limit(limit)
        rows = await self._door.read(lambda connection: connection.execute(oldest_first).all())
        return tuple(
            Entry(row.sequence, Event(row.event_type, row.record_id, row.position, row.heard_at)) for row in rows
        )
