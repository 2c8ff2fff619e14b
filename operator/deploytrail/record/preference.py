"""Notification preferences: which channel wants to hear of which event type."""

from datetime import datetime
from uuid import UUID, uuid5

from deploytrail.record.values import Frozen, Instant, Status

EVENT_TYPES = tuple(
    f"{kind}.{status.value}"
    for kind in ("deployment", "build")
    for status in (Status.PENDING, Status.STARTED, Status.COMPLETED, Status.FAILED, Status.ABORTED)
)
"""The ten that are announced."""

_NAMESPACE = UUID("0b7f2c0e-9d57-4a3e-8f0c-7d1f5a2b9c64")


class Preference(Frozen):
    """One event type for one channel."""

    id: str
    event_type: str
    channel_id: str
    created_at: Instant
    created_by: str
    """Name of the key."""


def prefer(*, event_type: str, channel_id: str, created_at: datetime, created_by: str) -> Preference:
    """The preference, with an id that is the same whenever the same is wished for."""
    return Preference(
        id=str(uuid5(_NAMESPACE, f"{event_type} {channel_id}")),
        event_type=event_type,
        channel_id=channel_id,
        created_at=created_at,
        created_by=created_by,
    )
