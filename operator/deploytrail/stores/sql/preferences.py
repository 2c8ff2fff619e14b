"""Notification preferences, a row each."""

from sqlalchemy import Connection, delete, func, insert, select

from deploytrail.errors import Rejected
from deploytrail.record.preference import Preference
from deploytrail.stores.preferences import MOST
from deploytrail.stores.sql.door import Door
from deploytrail.stores.sql.rows import check_text
from deploytrail.stores.sql.tables import PREFERENCES
from deploytrail.stores.sql.troubles import Outrun, Poison


class SqlPreferences:
    """See Preferences."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def list(self) -> tuple[Preference, ...]:
        """See Preferences."""
        oldest_first = select(PREFERENCES).order_by(PREFERENCES.c.created_at, PREFERENCES.c.id)
        rows = await self._door.read(lambda connection: connection.execute(oldest_first).mappings().all())
        return tuple(Preference(**row) for row in rows)

    async def put(self, preference: Preference) -> Preference:
        """See Preferences."""
        row = {name: getattr(preference, name) for name in Preference.model_fields}
        check_text(row)

        def put(connection: Connection) -> Preference:
            wanted = select(PREFERENCES).where(PREFERENCES.c.id == preference.id)
            kept = connection.execute(wanted).mappings().first()
            if kept is not None:
                return Preference(**kept)
            if (connection.scalar(select(func.count()).select_from(PREFERENCES)) or 0) >= MOST:
                raise Rejected(f"there are {MOST} notification preferences already", reason="too-large")
            connection.execute(insert(PREFERENCES).values(**row))
            return preference

        while True:
            try:
                return await self._door.write(put)
            except Outrun:  # another replica was told the same: its row is there now
                continue
            except Poison as poison:
                raise Rejected(f"the database does not take it: {poison}", reason="invalid-field") from poison

    async def delete(self, preference_id: str) -> bool:
        """See Preferences."""
        gone = delete(PREFERENCES).where(PREFERENCES.c.id == preference_id).returning(PREFERENCES.c.id)
        return await self._door.write(lambda connection: connection.scalar(gone) is not None)
