"""The three answers a failure can have. Every other exception is a defect.

DeploytrailError
├── Rejected        will never work as it is: 4xx, Recorded=False
│   └── Conflict    contradicts what is already recorded: 409
├── Unavailable     may work later: 503, retried
└── Misconfigured   do not start
"""

from typing import Literal, get_args

Reason = Literal[
    "authentication",
    "permission",
    "content-type",
    "encoding",
    "json",
    "depth",
    "too-large",
    "too-slow",
    "head-too-large",
    "rate",
    "missing-field",
    "invalid-field",
    "invalid-status",
    "invalid-time",
    "conflict",
    "method",
    "not-found",
]
"""Why a report was refused, as counted in ``deploytrail_reports_rejected_total``."""

REASONS: tuple[Reason, ...] = get_args(Reason)


class DeploytrailError(Exception):
    """The root: catch this at a border, nothing wider."""


class Rejected(DeploytrailError):
    """What was told will never be accepted as it is. The message is written for whoever sent it."""

    def __init__(self, message: str, *, reason: Reason, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason: Reason = reason
        self.field = field


class Conflict(Rejected):
    """It contradicts what is already recorded under the same identity."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, reason="conflict", field=field)


class Unavailable(DeploytrailError):
    """A part we depend on is away; the same request may work later."""

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class Misconfigured(DeploytrailError):
    """The settings or the cluster cannot work together; says what to change."""
