"""GET /api/v1/dora: how well changes are delivered."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from deploytrail.record.dora.bands import DEFAULT_YEAR
from deploytrail.record.dora.figures import FORMULAS, Metric, figures
from deploytrail.record.dora.histogram import ERROR
from deploytrail.record.dora.question import By, Question
from deploytrail.serve.answering import answer_whole, listed
from deploytrail.serve.asking import router
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.dora_views import BandView, FiguresView, Group, Line, Stretch, band_views, shown
from deploytrail.serve.measuring import DoraAsked, Measured, measure
from deploytrail.stores.base import Store


class DoraAnswer(BaseModel):
    """The figures, and what they mean."""

    since: date = Field(description="The first day.")
    until: date = Field(description="The first day that does not belong to it.")
    environments: tuple[str, ...] = Field(description="Empty: all of them.")
    product: str | None
    team: str | None
    total: FiguresView
    series: tuple[Stretch, ...] = Field(description="By `bucket`, oldest first; empty when none was asked for.")
    groups: tuple[Group, ...] = Field(description="By `by`, by name; empty when nothing was told apart.")
    next: str | None = Field(description="Send it as `cursor` for more groups; null when there are none.")
    bands_year: int
    bands: dict[Metric, tuple[BandView, ...]] = Field(description="What the report of that year calls what.")
    formulas: dict[Metric, str] = Field(description="How each figure is made.")
    fix_window: float = Field(description="Seconds; see the formula of the rework rate.")
    replace_window: float = Field(description="Seconds; 0: that a version is soon replaced says nothing.")
    error: float = Field(description="How far off a time is at most, as a fraction of it.")


def dora_routes(
    store: Store,
    settings: DoraSettings,
    clock: Callable[[], datetime],
    *,
    may_read: Callable[..., Awaitable[object]],
) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/dora", "dora", may_read)

    @routes.get("", summary="DORA metrics", response_model=DoraAnswer, responses=_answers())
    async def find(request: Request, asked: Annotated[DoraAsked, Query()]) -> Response:
        """Five metrics, by definitions that need no incident tool: see docs/dora.md. Days are those of UTC."""
        found = _told(settings, await measure(store, settings, asked, today=clock().date()))
        content = found.model_dump_json().encode()
        return answer_whole(request, "dora", Line, lambda: _lines(found), content, asked.format, following=found.next)

    return routes


def _lines(found: DoraAnswer) -> Iterator[Line]:
    days = {"since": found.since, "until": found.until}
    yield Line(name="", **days, **dict(found.total))
    for stretch in found.series:
        yield Line(name="", **dict(stretch))
    for group in found.groups:
        yield Line(**days, **dict(group))


def _answers() -> dict[int | str, dict[str, Any]]:
    """How the answers are described: by that to a question of one product's month."""
    counts = {
        "n": 20,
        "ok": 18,
        "f:failed": 2,
        "f:rolled-back": 1,
        "r:fix": 2,
        "r:rollback": 1,
        "x:aborted": 4,
        "c95": 6,
    }
    settings, month = DoraSettings(), figures(counts, days=31)
    question = Question(
        product="shop",
        environments=settings.environments,
        first=date(2026, 10, 1),
        beyond=date(2026, 11, 1),
        by=By.ENVIRONMENT,
    )
    found = _told(settings, Measured(question, DEFAULT_YEAR, month, groups=(("production", month),)))
    described = listed(Line, next(_lines(found)).model_dump(mode="json"))
    described[200]["content"]["application/json"] = {"example": found.model_dump(mode="json")}
    return described


def _told(settings: DoraSettings, found: Measured) -> DoraAnswer:
    question, year = found.question, found.year
    return DoraAnswer(
        since=question.first,
        until=question.beyond,
        environments=question.environments,
        product=question.product,
        team=question.team,
        total=FiguresView(**shown(found.total, year)),
        series=tuple(Stretch(since=begin, until=end, **shown(each, year)) for begin, end, each in found.series),
        groups=tuple(Group(name=name, **shown(each, year)) for name, each in found.groups),
        next=found.following,
        bands_year=year,
        bands=band_views(year),
        formulas=dict(FORMULAS),
        fix_window=settings.fix_window.total_seconds(),
        replace_window=settings.replace_window.total_seconds(),
        error=round(ERROR, 4),
    )
