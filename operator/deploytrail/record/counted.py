"""Whether DORA's metrics count a deployment, and why not: its verdict, its source and people have a say."""

from enum import StrEnum

from deploytrail.record.marks import current
from deploytrail.record.model import Deployment, Status


class Uncounted(StrEnum):
    """Why a deployment is not counted."""

    ABORTED = "aborted"
    """It was stopped before it could go well or wrong."""
    UNKNOWN = "unknown"
    """Nobody can tell how it went."""
    LEFT_OUT = "left-out"
    """Its source left it out, such as a self-heal or a sync of some resources; its ``reason`` says why."""
    EXCLUDED = "excluded"
    """A person marked it so."""


def uncounted(deployment: Deployment) -> Uncounted | None:
    """Why it is not counted; None when it is, or will be once it has ended and nothing else is said."""
    mark = current(deployment.marks)
    if mark.counted is False:
        return Uncounted.EXCLUDED
    if mark.failure is None and deployment.status in (Status.ABORTED, Status.UNKNOWN):
        return Uncounted(deployment.status.value)
    return None if deployment.counted or mark.counted else Uncounted.LEFT_OUT
