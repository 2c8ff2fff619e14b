"""Records as Prometheus sees them: families of series, made of what the store counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from deploytrail.record.dora.counting import LEADS, Counts, add
from deploytrail.record.dora.figures import Figures, Times, figures
from deploytrail.record.dora.histogram import seconds
from deploytrail.record.running import Running
from deploytrail.record.totals import BOUNDS, ENDED, MISSED, OPEN, SECONDS, TOOK, Totals
from deploytrail.serve.labels import Chosen

HOUR, DAY = 3600, 86_400
LEAD_BOUNDS = (HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY)
"""Seconds."""

WINDOW_DAYS = 30
"""What the gauges of DORA are about; fewer where nothing was recorded before."""

_PLACE = ["product", "environment"]
_QUANTILES = (50, 90)
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store counted."""

    at: datetime
    last_recorded: datetime
    """When the newest deployment was first recorded; before any, since when somebody records."""
    totals: Totals
    running: Sequence[Running]
    delivered: Mapping[str, Counts]
    """DORA's counts of all times, by product."""
    lately: Mapping[str, Counts]
    """The same of the last days."""
    days: int
    """How many of these there are on which somebody recorded."""


class Floor:
    """Counters never fall: what is removed, or judged anew, would look like a restart and be counted once more."""

    def __init__(self) -> None:
        self._values: dict[_Key, float] = {}

    def hold(self, value: float, *key: str) -> float:
        """The value, or the greatest that there was under this key."""
        held = max(value, self._values.get(key, 0.0))
        self._values[key] = held
        return held


def families(seen: Seen, products: Chosen, environments: Chosen, floor: Floor) -> Iterator[Metric]:
    """All of it. ``products`` and ``environments`` say who has series of their own."""
    places: dict[tuple[str, str], dict[str, int]] = {}
    for place, counts in seen.totals.items():
        sums = places.setdefault((products.label(place.product), environments.label(place.environment)), {})
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
    yield from _deployments(places, floor)
    yield _durations(places, floor)
    yield _last_success(seen.running, products, environments)
    yield _lead_times(seen.delivered, products, floor)
    yield from _dora(seen.lately, seen.days, products)
    yield GaugeMetricFamily(
        "deploytrail_last_recorded_timestamp_seconds",
        "When the newest deployment was recorded; before the first, since when this installation records.",
        seen.last_recorded.timestamp(),
    )
    yield GaugeMetricFamily(
        "deploytrail_counted_timestamp_seconds", "When the store was last asked for these counts.", seen.at.timestamp()
    )


def _deployments(places: Mapping[tuple[str, str], Mapping[str, int]], floor: Floor) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "deploytrail_deployments", "Deployments that have ended, by how.", labels=[*_PLACE, "status"]
    )
    under_way = GaugeMetricFamily("deploytrail_deployments_open", "Deployments under way.", labels=_PLACE)
    missed = CounterMetricFamily(
        "deploytrail_deployments_missed", "Deployments known to have happened and lost.", labels=_PLACE
    )
    for place, counts in sorted(places.items()):
        for status in ENDED:  # those that are 0 too: a series that begins at 1 never increased
            value = floor.hold(counts.get(status.value, 0), "ended", *place, status.value)
            ended.add_metric([*place, status.value], value)
        under_way.add_metric(place, sum(counts.get(status.value, 0) for status in OPEN))
        missed.add_metric(place, floor.hold(counts.get(MISSED, 0), "missed", *place))
    yield from (ended, under_way, missed)


def _durations(places: Mapping[tuple[str, str], Mapping[str, int]], floor: Floor) -> Metric:
    family = HistogramMetricFamily(
        "deploytrail_deployment_duration_seconds", "From the start of a deployment to its end.", labels=_PLACE
    )
    for place, counts in sorted(places.items()):
        numbers = [counts.get(name, 0) for name in TOOK]
        family.add_metric(place, *_histogram(BOUNDS, numbers, counts.get(SECONDS, 0), floor, "took", *place))
    return family


def _last_success(running: Sequence[Running], products: Chosen, environments: Chosen) -> Metric:
    family = GaugeMetricFamily(
        "deploytrail_last_success_timestamp_seconds",
        "When the newest deployment that succeeded took place.",
        labels=_PLACE,
    )
    newest: dict[tuple[str, str], float] = {}
    for each in running:
        place = products.label(each.product), environments.label(each.environment)
        newest[place] = max(newest.get(place, 0.0), each.since.timestamp())
    for place, when in sorted(newest.items()):
        family.add_metric(place, when)
    return family


def _lead_times(delivered: Mapping[str, Counts], products: Chosen, floor: Floor) -> Metric:
    family = HistogramMetricFamily(
        "deploytrail_lead_time_seconds",
        "From a commit, or where nobody told when that was, from the end of its build, to the first deployment of its "
        "version that landed.",
        labels=["product"],
    )
    sums: dict[str, dict[int, int]] = {}
    for product, counts in delivered.items():
        buckets = sums.setdefault(products.label(product), {})
        for name, count in counts.items():
            if name[:1] in LEADS.values() and name[1:].isdigit():
                buckets[int(name[1:])] = buckets.get(int(name[1:]), 0) + count
    for product, buckets in sorted(sums.items()):
        numbers = [0] * (len(LEAD_BOUNDS) + 1)
        for bucket, count in buckets.items():
            numbers[sum(bound < seconds(bucket) for bound in LEAD_BOUNDS)] += count
        whole = sum(seconds(bucket) * count for bucket, count in buckets.items())
        family.add_metric([product], *_histogram(LEAD_BOUNDS, numbers, round(whole), floor, "lead", product))
    return family


def _histogram(
    bounds: Sequence[int], numbers: Sequence[int], whole: float, floor: Floor, *key: str
) -> tuple[list[tuple[str, float]], float]:
    """Buckets as Prometheus wants them, each with all that are smaller, and the sum."""
    limits = [*(str(float(bound)) for bound in bounds), "+Inf"]
    reached = accumulate(numbers)
    buckets = [(limit, floor.hold(n, *key, limit)) for limit, n in zip(limits, reached, strict=True)]
    return buckets, floor.hold(whole, *key, "sum")


def _dora(lately: Mapping[str, Counts], days: int, products: Chosen) -> Iterator[Metric]:
    """Gauges of all products together, without the label, and of each that was chosen."""
    everything: Counts = {}
    for counts in lately.values():
        add(everything, counts)
    told = {"": everything} | {name: counts for name, counts in sorted(lately.items()) if name in products}
    found = {product: figures(counts, days=days) for product, counts in told.items()}
    for name, (what, value_of) in _SHARES.items():
        family = GaugeMetricFamily(f"deploytrail_dora_{name}", f"{what}; {_SPAN}", labels=["product"])
        for product, figure in found.items():
            _tell(family, [product], value_of(figure))
        yield family
    for name, (what, times_of) in _TIMES.items():
        family = GaugeMetricFamily(f"deploytrail_dora_{name}", f"{what}; {_SPAN}", labels=["product", "quantile"])
        for product, figure in found.items():
            for percent in _QUANTILES:
                _tell(family, [product, f"{percent / 100:g}"], times_of(figure).percentiles[percent])
        yield family


def _tell(family: GaugeMetricFamily, labels: Sequence[str], value: float | None) -> None:
    """Of nothing there is no figure, and no series."""
    if value is not None:
        family.add_metric(labels, value)


_SPAN = f"over the last {WINDOW_DAYS} days, in the environments of the setting dora.environments."
_SHARES: Mapping[str, tuple[str, Callable[[Figures], float | None]]] = {
    "deployments_per_day": ("Counted deployments that landed, a day", lambda f: f.per_day),
    "change_failure_ratio": ("Failures among counted deployments, from 0 to 1", lambda f: f.failures.ratio),
    "rework_ratio": ("Rollbacks and fixes among counted deployments, from 0 to 1", lambda f: f.rework.ratio),
}
_TIMES: Mapping[str, tuple[str, Callable[[Figures], Times]]] = {
    "lead_time_seconds": ("Lead time for changes", lambda f: f.lead_time),
    "recovery_time_seconds": ("Failed deployment recovery time", lambda f: f.recovery_time),
}
