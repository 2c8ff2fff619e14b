"""An Application object, as the API server gives it, as a Snapshot. Never raises, whatever is in the object."""

from collections.abc import Mapping
from typing import Any

from deploytrail.mapping.rules import Rules
from deploytrail.record.rollout.snapshot import Snapshot


def snapshot(obj: Mapping[str, Any], rules: Rules, *, deleted: bool = False) -> Snapshot | None:
    """What it says; None for an object without a name and a uid. ``deleted``: it came with a DELETED event."""
    raise NotImplementedError
