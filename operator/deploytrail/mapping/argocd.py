"""A finding of the tracker as a report."""

from datetime import datetime

from deploytrail.mapping.rules import Rules
from deploytrail.record.model import Report
from deploytrail.record.rollout import Finding


def report(finding: Finding, rules: Rules, *, received_at: datetime) -> Report:
    """What is recorded of it."""
    raise NotImplementedError
