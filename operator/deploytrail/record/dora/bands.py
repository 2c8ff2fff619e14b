"""What DORA's yearly reports called elite, high, medium and low. Data: the year is always told with it.

The reports find clusters among those who answered that year, so that bands move from year to year and are no law. Where
the numbers of a report leave gaps, a band reaches to the next one, and the last holds whatever is left: the words of
2023 for the frequency and lead time of the low cluster were those for the medium one. In 2024 the medium cluster failed
less often than the high one: there a change failure rate falls into the first band whose number it does not exceed,
smallest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from deploytrail.record.dora.figures import Metric
from deploytrail.record.dora.histogram import DAY, HOUR, MONTH, SIX_MONTHS, WEEK

DEFAULT_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Band:
    """One cell of a report's table."""

    name: str
    words: str
    """What the report says."""
    limit: float | None
    """Times and rates up to it, frequencies from it on; None: whatever the others leave."""


def _bands(*cells: tuple[str, float | None]) -> tuple[Band, ...]:
    return tuple(Band(name, *cell) for name, cell in zip(("elite", "high", "medium", "low"), cells, strict=True))


_WEEKLY, _MONTHLY = "between once a week and once a month", "between once a month and once every six months"
_IN_WEEKS, _IN_MONTHS = "between a week and a month", "between a month and six months"


def _often(low: str) -> tuple[Band, ...]:
    return _bands(
        ("on demand, several times a day", 1.0),
        ("between once a day and once a week", 1 / 7),
        (_WEEKLY, 1 / 30),
        (low, None),
    )


def _lead(low: str) -> tuple[Band, ...]:
    return _bands(("less than a day", DAY), ("between a day and a week", WEEK), (_IN_WEEKS, MONTH), (low, None))


BANDS: Mapping[int, Mapping[Metric, tuple[Band, ...]]] = {
    2021: {
        Metric.DEPLOYMENT_FREQUENCY: _bands(
            ("on demand, several times a day", 1.0),
            (_WEEKLY, 1 / 30),
            (_MONTHLY, 1 / 180),
            ("less than once every six months", None),
        ),
        Metric.LEAD_TIME: _bands(
            ("less than an hour", HOUR),
            ("between a day and a week", WEEK),
            (_IN_MONTHS, SIX_MONTHS),
            ("more than six months", None),
        ),
        Metric.CHANGE_FAILURE_RATE: _bands(
            ("0 to 15 %", 0.15), ("16 to 30 %", 0.3), ("16 to 30 %", 0.3), ("16 to 30 %", None)
        ),
        Metric.RECOVERY_TIME: _bands(
            ("less than an hour", HOUR),
            ("less than a day", DAY),
            ("between a day and a week", WEEK),
            ("more than six months", None),
        ),
    },
    2023: {
        Metric.DEPLOYMENT_FREQUENCY: _often(_WEEKLY),
        Metric.LEAD_TIME: _lead(_IN_WEEKS),
        Metric.CHANGE_FAILURE_RATE: _bands(("5 %", 0.05), ("10 %", 0.1), ("15 %", 0.15), ("64 %", None)),
        Metric.RECOVERY_TIME: _bands(
            ("less than an hour", HOUR),
            ("less than a day", DAY),
            ("between a day and a week", WEEK),
            (_IN_MONTHS, None),
        ),
    },
    2024: {
        Metric.DEPLOYMENT_FREQUENCY: _often(_MONTHLY),
        Metric.LEAD_TIME: _lead(_IN_MONTHS),
        Metric.CHANGE_FAILURE_RATE: _bands(("5 %", 0.05), ("20 %", 0.2), ("10 %", 0.1), ("40 %", None)),
        Metric.RECOVERY_TIME: _bands(
            ("less than an hour", HOUR),
            ("less than a day", DAY),
            ("less than a day", DAY),
            ("between a week and a month", None),
        ),
    },
}
"""No report has bands for the rework rate."""


def band(year: int, metric: Metric, value: float | None) -> str | None:
    """Which band the value falls into; None where there is no value, or the report has no bands for it."""
    cells = BANDS[year].get(metric)
    if value is None or cells is None:
        return None
    limited = _limited(year, metric)
    if metric is Metric.DEPLOYMENT_FREQUENCY:
        return next((name for limit, name in limited if value >= limit), cells[-1].name)
    return next((name for limit, name in limited if value <= limit), cells[-1].name)


@cache
def _limited(year: int, metric: Metric) -> list[tuple[float, str]]:
    """Those with a limit, in the order in which they are tried; of two with the same limit the better one first."""
    limited = [(each.limit, each.name) for each in BANDS[year][metric] if each.limit is not None]
    return limited if metric is Metric.DEPLOYMENT_FREQUENCY else sorted(limited, key=itemgetter(0))
