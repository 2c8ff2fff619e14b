"""What of an operation is kept with its record, and back again after a restart."""

from collections.abc import Sequence

from deploytrail.record.model import Deployment
from deploytrail.record.rollout.state import Rollout


def resume(uid: str, deployments: Sequence[Deployment]) -> Rollout:
    """The Application as its records tell it, not yet seen by this process."""
    raise NotImplementedError
