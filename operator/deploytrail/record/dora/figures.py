"""The five metrics out of counts. Each tells how many deployments it rests on; without any, there is no figure."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deploytrail.record.dora.counting import COUNTED, FAILURE, LANDED, LEADS, RECOVERED, REWORK, UNCOUNTED, Counts
from deploytrail.record.dora.entry import Basis
from deploytrail.record.dora.histogram import percentiles

PERCENTILES = (50, 75, 90, 95)


class Metric(StrEnum):
    """DORA's five."""

    DEPLOYMENT_FREQUENCY = "deployment_frequency"
    LEAD_TIME = "lead_time"
    CHANGE_FAILURE_RATE = "change_failure_rate"
    RECOVERY_TIME = "failed_deployment_recovery_time"
    REWORK_RATE = "rework_rate"


FORMULAS: Mapping[Metric, str] = {
    Metric.DEPLOYMENT_FREQUENCY: "counted deployments that landed, divided by the days of the period on which somebody "
    "recorded",
    Metric.LEAD_TIME: "median of: end of the first deployment that landed a version in its place, minus the time of "
    "its commit (basis commit) or, where nobody told that, the end of its build (basis build)",
    Metric.CHANGE_FAILURE_RATE: "failures, divided by counted deployments; a failure is one that failed or degraded, "
    "was rolled back from, or was marked by a person, each counted once",
    Metric.RECOVERY_TIME: "median of: end of the next deployment of the same product and environment that succeeded, "
    "minus the end of the failure",
    Metric.REWORK_RATE: "rollbacks, and deployments that ended within the fix window after a failure right before "
    "them, divided by counted deployments",
}
"""As an answer states them; docs/dora.md says more."""


@dataclass(frozen=True, slots=True)
class Times:
    """Percentiles in seconds; None of none. At most 4.5 % off (see histogram)."""

    deployments: int
    percentiles: Mapping[int, float | None]

    @property
    def median(self) -> float | None:
        """In seconds."""
        return self.percentiles[50]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    deployments: int
    of: int
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """From 0 to 1; None of none."""
        return self.deployments / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the counts of a period come to."""

    days: int
    counted: int
    landed: int
    lead_time: Times
    lead_time_by: Mapping[Basis, Times]
    failures: Share
    recovery_time: Times
    rework: Share
    uncounted: Mapping[str, int]
    """By why not."""

    @property
    def per_day(self) -> float | None:
        """Deployments; None of no days."""
        return self.landed / self.days if self.days else None

    @property
    def unrecovered(self) -> int:
        """Failures after which nothing has succeeded yet."""
        return self.failures.deployments - self.recovery_time.deployments


def figures(counts: Counts, *, days: int) -> Figures:
    """Out of the sum of a period that is this long."""
    counted = counts.get(COUNTED, 0)
    # There are hundreds of counts, and a plot has ninety periods: they are told apart once.
    of: defaultdict[str, Counts] = defaultdict(dict)
    for name, number in counts.items():
        of[name[0]][name] = number
    leads = {basis: _buckets(of[prefix]) for basis, prefix in LEADS.items()}
    lead_time_by = {basis: _times(buckets) for basis, buckets in leads.items()}
    return Figures(
        days=days,
        counted=counted,
        landed=counts.get(LANDED, 0),
        lead_time=_all(leads, lead_time_by),
        lead_time_by=lead_time_by,
        failures=_share(of[FAILURE[0]], FAILURE, counted),
        recovery_time=_times(_buckets(of[RECOVERED])),
        rework=_share(of[REWORK[0]], REWORK, counted),
        uncounted=_kinds(of[UNCOUNTED[0]], UNCOUNTED),
    )


def value_of(found: Figures, metric: Metric) -> float | None:
    """The one number that bands are about: deployments a day, seconds, or a ratio."""
    match metric:
        case Metric.DEPLOYMENT_FREQUENCY:
            return found.per_day
        case Metric.LEAD_TIME:
            return found.lead_time.median
        case Metric.CHANGE_FAILURE_RATE:
            return found.failures.ratio
        case Metric.RECOVERY_TIME:
            return found.recovery_time.median
        case Metric.REWORK_RATE:
            return found.rework.ratio


def _times(buckets: Mapping[int, int]) -> Times:
    return Times(sum(buckets.values()), percentiles(buckets, PERCENTILES))


def _buckets(counts: Counts) -> dict[int, int]:
    return {int(name[1:]): number for name, number in counts.items()}


def _all(leads: Mapping[Basis, Mapping[int, int]], by: Mapping[Basis, Times]) -> Times:
    """Of every basis together; where there is but one, what is known of it already."""
    there = [basis for basis, times in by.items() if times.deployments]
    if len(there) == 1:
        return by[there[0]]
    return _times(sum((Counter(leads[basis]) for basis in there), Counter()))


def _share(counts: Counts, prefix: str, of: int) -> Share:
    kinds = _kinds(counts, prefix)
    return Share(sum(kinds.values()), of, kinds)


def _kinds(counts: Counts, prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): number for name, number in sorted(counts.items())}
