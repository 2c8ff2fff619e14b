"""DORA's figures as they are shown."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from pydantic import BaseModel, Field

from deploytrail.record.dora.bands import BANDS, band
from deploytrail.record.dora.entry import Basis
from deploytrail.record.dora.figures import Figures, Metric, Share, Times, value_of

BAND = "elite, high, medium or low, as the DORA report of `bands_year` has it; null where it has no bands."
_P = {50: "p50", 75: "p75", 90: "p90", 95: "p95"}


class FrequencyView(BaseModel):
    """How often."""

    value: float | None = Field(description="Deployments a day; null of no days.")
    deployments: int = Field(description="How many that rests on: those that are counted and landed.")
    days: int = Field(description="Without those to come, and those before anything was recorded.")
    band: str | None = Field(description=BAND)


class TimesView(BaseModel):
    """How long, in seconds; at most 4.5 % off."""

    value: float | None = Field(description="The median, in seconds; null of no deployments.")
    deployments: int = Field(description="How many that rests on.")
    percentiles: dict[str, float | None] = Field(
        examples=[{"p50": 5400.0, "p75": 9000.0, "p90": 20000.0, "p95": 36000.0}]
    )


class LeadTimeView(TimesView):
    """How long a change took."""

    band: str | None = Field(description=BAND)
    basis: str | None = Field(description="From when it is measured: `commit`, `build`, or `mixed` where both occur.")
    by_basis: dict[Basis, TimesView]


class RecoveryTimeView(TimesView):
    """How long failures lasted."""

    band: str | None = Field(description=BAND)
    unrecovered: int = Field(description="Failures after which nothing has succeeded yet; they are not in the median.")


class ShareView(BaseModel):
    """How many of how many."""

    value: float | None = Field(description="From 0 to 1; null of no deployments.")
    deployments: int
    of: int = Field(description="All counted deployments.")
    kinds: dict[str, int] = Field(description="How many of each kind.", examples=[{"failed": 2, "rolled-back": 1}])
    band: str | None = Field(description=BAND)


class FiguresView(BaseModel):
    """The five metrics, each with the number of deployments it rests on."""

    deployments: int = Field(description="Counted ones, however they went.")
    deployment_frequency: FrequencyView
    lead_time: LeadTimeView
    change_failure_rate: ShareView
    failed_deployment_recovery_time: RecoveryTimeView
    rework_rate: ShareView
    not_counted: dict[str, int] = Field(
        description="Deployments that ended and are in none of the figures, by why: `aborted`, `unknown` (no verdict), "
        "`left-out` (by their source: a self-heal, a sync of some resources), `excluded` (by a person).",
        examples=[{"aborted": 1, "left-out": 4}],
    )


class Stretch(FiguresView):
    """The figures of one bucket of a plot."""

    since: date
    until: date = Field(description="The first day that does not belong to it.")


class Group(FiguresView):
    """The figures of one product, environment or team."""

    name: str


class _Head(BaseModel):
    """Of what a line is."""

    name: str = Field(description="Of the product, environment or team that is told apart; empty: of all.")
    since: date
    until: date = Field(description="The first day that does not belong to it.")


class Line(FiguresView, _Head):
    """The figures of all, of one group or of one bucket, as a line of a spreadsheet."""


class BandView(BaseModel):
    """One cell of a report's table."""

    name: str
    words: str


def shown(found: Figures, year: int) -> dict[str, object]:
    """The fields of a FiguresView."""
    bands = {metric: band(year, metric, value_of(found, metric)) for metric in Metric}
    return {
        "deployments": found.counted,
        "deployment_frequency": FrequencyView(
            value=found.per_day,
            deployments=found.landed,
            days=found.days,
            band=bands[Metric.DEPLOYMENT_FREQUENCY],
        ),
        "lead_time": LeadTimeView(
            **_times(found.lead_time),
            band=bands[Metric.LEAD_TIME],
            basis=basis_of(found.lead_time_by),
            by_basis={basis: TimesView(**_times(times)) for basis, times in found.lead_time_by.items()},
        ),
        "change_failure_rate": _share(found.failures, bands[Metric.CHANGE_FAILURE_RATE]),
        "failed_deployment_recovery_time": RecoveryTimeView(
            **_times(found.recovery_time), band=bands[Metric.RECOVERY_TIME], unrecovered=found.unrecovered
        ),
        "rework_rate": _share(found.rework, bands[Metric.REWORK_RATE]),
        "not_counted": dict(found.uncounted),
    }


def band_views(year: int) -> dict[Metric, tuple[BandView, ...]]:
    """The table of a report."""
    return {
        metric: tuple(BandView(name=each.name, words=each.words) for each in cells)
        for metric, cells in BANDS[year].items()
    }


def _times(times: Times) -> dict[str, object]:
    percentiles = {_P[each]: rounded(value) for each, value in times.percentiles.items()}
    return {"value": percentiles["p50"], "deployments": times.deployments, "percentiles": percentiles}


@cache  # there are as many as there are buckets
def rounded(seconds: float | None) -> float | None:
    """Three digits: more would be a lie."""
    return float(f"{seconds:.3g}") if seconds is not None else None


def _share(share: Share, name: str | None) -> ShareView:
    return ShareView(value=share.ratio, deployments=share.deployments, of=share.of, kinds=dict(share.kinds), band=name)


def basis_of(by: Mapping[Basis, Times]) -> str | None:
    """From when lead times are measured, as the views say it."""
    there = [basis.value for basis, times in by.items() if times.deployments]
    return there[0] if len(there) == 1 else "mixed" if there else None
