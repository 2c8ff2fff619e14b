"""What DORA's yearly reports called elite, high, medium and low. Data: the year is always told with it.

The reports find clusters among those who answered that year, so that bands move from year to year and are no law. Where
the numbers of a report leave gaps, a band reaches to the next one. In 2024 the medium cluster failed less often than
the high one: there a change failure rate falls into the first band whose number it does not exceed, smallest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from deploytrail.record.dora.figures import Metric

HOUR = 3600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY

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


_OFTEN = _bands(
    ("on demand, several times a day", 1.0),
    ("between once a day and once a week", 1 / 7),
    ("between once a week and once a month", 1 / 30),
    ("less than once a month", None),
)
_LEAD = _bands(
    ("less than a day", DAY),
    ("between a day and a week", WEEK),
    ("between a week and a month", MONTH),
    ("more than a month", None),
)

BANDS: Mapping[int, Mapping[Metric, tuple[Band, ...]]] = {
    2021: {
        Metric.DEPLOYMENT_FREQUENCY: _bands(
            ("on demand, several times a day", 1.0),
            ("between once a week and once a month", 1 / 30),
            ("between once a month and once every six months", 1 / 180),
            ("less than once every six months", None),
        ),
        Metric.LEAD_TIME: _bands(
            ("less than an hour", HOUR),
            ("between a day and a week", WEEK),
            ("between a month and six months", 6 * MONTH),
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
        Metric.DEPLOYMENT_FREQUENCY: _OFTEN,
        Metric.LEAD_TIME: _LEAD,
        Metric.CHANGE_FAILURE_RATE: _bands(("5 %", 0.05), ("10 %", 0.1), ("15 %", 0.15), ("64 %", None)),
        Metric.RECOVERY_TIME: _bands(
            ("less than an hour", HOUR),
            ("less than a day", DAY),
            ("between a day and a week", WEEK),
            ("between a month and six months", None),
        ),
    },
    2024: {
        Metric.DEPLOYMENT_FREQUENCY: _OFTEN,
        Metric.LEAD_TIME: _LEAD,
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
    limited = [(each.limit, each.name) for each in cells if each.limit is not None]
    if metric is Metric.DEPLOYMENT_FREQUENCY:
        return next((name for limit, name in limited if value >= limit), cells[-1].name)
    # Stable: of two with the same limit, the better one.
    return next((name for limit, name in sorted(limited, key=lambda each: each[0]) if value <= limit), cells[-1].name)
