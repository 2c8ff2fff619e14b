"""How well changes are delivered: DORA's five, over time and by product, with the number of deployments behind each."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.dora.bands import BANDS, band
from deploytrail.record.dora.figures import FORMULAS, Figures, Metric, value_of
from deploytrail.record.dora.histogram import ERROR
from deploytrail.record.dora.question import Bucket, By
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.dora_views import basis_of, rounded
from deploytrail.serve.measuring import DoraAsked, Measured, measure
from deploytrail.serve.pages.live import Live
from deploytrail.serve.pages.rendering import Templates
from deploytrail.serve.pages.visitors import Visitor
from deploytrail.serve.pages.words import span
from deploytrail.stores.base import Store

PERIODS: dict[str, tuple[int, Bucket]] = {
    "30d": (30, Bucket.DAY),
    "90d": (90, Bucket.WEEK),
    "365d": (365, Bucket.MONTH),
}
"""Days, and how long the stretches of the plots are."""

MOST_PRODUCTS = 20


class Filters(BaseModel):
    """What may be asked; what is empty in a form asks for everything, or for the settings' environments."""

    model_config = ConfigDict(extra="forbid")

    product: str = Field("", max_length=512)
    team: str = Field("", max_length=512)
    environment: str = Field("", max_length=512)
    period: Literal["30d", "90d", "365d"] = "30d"

    def asked(self, today: date) -> DoraAsked:
        """As the API understands it; of a product and a team, the product."""
        days, bucket = PERIODS[self.period]
        product = self.product.strip() or None
        return DoraAsked(
            product=product,
            team=None if product else self.team.strip() or None,
            environment=[self.environment.strip()] if self.environment.strip() else [],
            since=today - timedelta(days=days - 1),
            bucket=bucket,
            limit=MOST_PRODUCTS,
        )


@dataclass(frozen=True, slots=True)
class Card:
    """One of the five, as it is shown."""

    metric: Metric
    title: str
    value: str
    band: str | None
    meaning: str | None
    """What the band's report says of it."""
    basis: str
    """What the figure rests on, in a few words."""
    plot: str
    """For the browser, as JSON."""
    points: tuple[tuple[date, str], ...]
    """The same in words."""


TITLES = {
    Metric.DEPLOYMENT_FREQUENCY: "Deployment frequency",
    Metric.LEAD_TIME: "Lead time for changes",
    Metric.CHANGE_FAILURE_RATE: "Change failure rate",
    Metric.RECOVERY_TIME: "Recovery time",
    Metric.REWORK_RATE: "Rework rate",
}

_KINDS = {
    Metric.DEPLOYMENT_FREQUENCY: "rate",
    Metric.LEAD_TIME: "time",
    Metric.CHANGE_FAILURE_RATE: "share",
    Metric.RECOVERY_TIME: "time",
    Metric.REWORK_RATE: "share",
}


def dora_page_routes(
    routes: APIRouter,
    store: Store,
    settings: DoraSettings,
    clock: Callable[[], datetime],
    *,
    templates: Templates,
    live: Live,
    may_read: Callable[..., Awaitable[Visitor]],
) -> None:
    """Add the route."""

    @routes.get("/dora", dependencies=[Depends(may_read)])
    async def dora(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        word, today = await live.word(), clock().date()
        one = filters.product.strip() or filters.team.strip()
        found = await measure(store, settings, filters.asked(today), today=today, by=None if one else By.PRODUCT)
        return templates.render(
            request,
            "dora.html",
            page="dora",
            word=word,
            filters=filters,
            asked=found.question,
            year=found.year,
            total=found.total,
            cards=[_card(metric, found) for metric in Metric],
            products=[(name, [*_figures(each, found.year)]) for name, each in found.groups],
            more=found.following is not None,
            formulas=FORMULAS,
            error=ERROR,
            titles=TITLES,
            periods=PERIODS,
        )


def _figures(of: Figures, year: int) -> Iterator[tuple[str, str, str | None]]:
    """The title of each, its value with the unit, and its band."""
    for metric, title in TITLES.items():
        value = _value(of, metric)
        yield title, shown(metric, value), band(year, metric, value)


def _value(of: Figures, metric: Metric) -> float | None:
    value = value_of(of, metric)
    return rounded(value) if _KINDS[metric] == "time" else value


def shown(metric: Metric, value: float | None) -> str:
    """``3.2 a day``, ``4 h 10 min``, ``12 %``; ``none`` of no deployments."""
    if value is None:
        return "none"
    match _KINDS[metric]:
        case "share":
            return f"{value * 100:.3g} %"
        case "time":
            return span(value)
        case _:
            return next(
                (f"{value * days:.3g} a {unit}" for days, unit in ((1, "day"), (7, "week")) if value * days >= 1),
                f"{value * 30.44:.2g} a month",
            )


def _card(metric: Metric, found: Measured) -> Card:
    value = _value(found.total, metric)
    values = [(begin, _value(each, metric)) for begin, _, each in found.series]
    name = band(found.year, metric, value)
    return Card(
        metric=metric,
        title=TITLES[metric],
        value=shown(metric, value),
        band=name,
        meaning=next((each.words for each in BANDS[found.year].get(metric, ()) if each.name == name), None),
        basis=_basis(metric, found.total),
        plot=_plot(metric, values),
        points=tuple((day, shown(metric, value)) for day, value in values),
    )


def _plot(metric: Metric, values: Iterable[tuple[date, float | None]]) -> str:
    values = list(values)
    seconds = [int(datetime.combine(day, time(), UTC).timestamp()) for day, _ in values]
    return json.dumps({"kind": _KINDS[metric], "x": seconds, "y": [value for _, value in values]})


def _basis(metric: Metric, total: Figures) -> str:
    match metric:
        case Metric.DEPLOYMENT_FREQUENCY:
            return f"{_count(total.landed)} in {total.days} days"
        case Metric.LEAD_TIME:
            since = {"commit": "from the commit", "build": "from the build", "mixed": "from commit or build"}
            basis = basis_of(total.lead_time_by)
            return f"{_count(total.lead_time.deployments)}{', ' + since[basis] if basis else ''}"
        case Metric.RECOVERY_TIME:
            recovered = total.recovery_time.deployments
            lasting = f", {total.unrecovered} not over" if total.unrecovered else ""
            return f"{recovered} failure{'s' * (recovered != 1)}{lasting}"
        case _:
            share = total.rework if metric is Metric.REWORK_RATE else total.failures
            kinds = ", ".join(f"{count} {kind.replace('-', ' ')}" for kind, count in share.kinds.items() if count)
            return f"{share.deployments} of {_count(share.of)}{': ' + kinds if kinds else ''}"


def _count(deployments: int) -> str:
    return f"{deployments} deployment{'s' * (deployments != 1)}"
