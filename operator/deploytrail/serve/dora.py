"""GET /api/v1/dora: how well changes are delivered."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from deploytrail.mapping.times import parse_instant
from deploytrail.record.dora.bands import BANDS, DEFAULT_YEAR
from deploytrail.record.dora.counting import Counts, add
from deploytrail.record.dora.figures import FORMULAS, Metric, figures
from deploytrail.record.dora.histogram import ERROR
from deploytrail.record.dora.question import Bucket, By, Question, Sums, starts
from deploytrail.serve.answering import answer_whole, listed
from deploytrail.serve.asking import Form, in_time, refusal, router
from deploytrail.serve.dora_settings import YEARS, DoraSettings
from deploytrail.serve.dora_views import BandView, FiguresView, Group, Line, Stretch, band_views, shown
from deploytrail.serve.watched import watched_from
from deploytrail.stores.base import Store

DEFAULT_DAYS = 90
MOST_DAYS = 3660
MOST_BUCKETS = {Bucket.DAY: 400, Bucket.WEEK: 106, Bucket.MONTH: 122}
"""Of a plot; more is not readable."""

EVERY = "*"


def _to_day(value: object) -> object:
    """A day as it is, a time as its day in UTC."""
    if isinstance(value, str) and len(value) > len("2026-11-01"):
        return parse_instant(value).date()
    return value


Day = Annotated[date, BeforeValidator(_to_day), Field(ge=date(1970, 1, 1), lt=date(9000, 1, 1))]


class DoraAsked(BaseModel):
    """What may be asked; a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")

    product: str | None = Field(None, description="Only this product.", examples=["shop"])
    team: str | None = Field(None, description="Only deployments that name this team.", examples=["payments"])
    environment: list[str] = Field(
        [],
        description="Only these environments; `*` for all. Left out, those of the setting `--dora-environments`.",
        examples=[["production"]],
    )
    since: Day | None = Field(
        None, description="From this day (UTC) on; left out, 90 days, or fewer when nothing was recorded before."
    )
    until: Day | None = Field(None, description="Before this day (UTC); left out, today is the last.")
    bucket: Bucket | None = Field(None, description="Figures by day, week or month besides, for plots.")
    by: By | None = Field(None, description="Figures of each product, environment or team besides.")
    limit: int = Field(20, ge=1, le=100, description="How many products or teams at most.")
    cursor: str | None = Field(None, max_length=512, description="The `next` of the answer before.")
    format: Form | None = Field(
        None,
        description="`csv` for a spreadsheet, a line for all and one for each bucket or group; without it, what "
        "`Accept` prefers.",
    )
    bands: int | None = Field(None, description=f"Year of the report whose bands are shown: {YEARS}.")

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if self.team is not None and (self.product is not None or self.by is By.PRODUCT):
            raise ValueError("ask for a product or for a team, not for both")
        if self.product is not None and self.by is By.TEAM:
            raise ValueError("ask for a product or for teams, not for both")
        if self.bucket is not None and self.by is not None:
            raise ValueError("ask for bucket or for by, not for both")
        if self.bands is not None and self.bands not in BANDS:
            raise ValueError(f"there are bands of {YEARS}")
        return self


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
        found = await answer(store, settings, asked, today=clock().date())
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
    settings, span = DoraSettings(), _Span(date(2026, 10, 1), date(2026, 11, 1), DEFAULT_YEAR)
    question = Question(
        product="shop", environments=settings.environments, first=span.watched, beyond=span.beyond, by=By.ENVIRONMENT
    )
    figures = span.figures(counts, question.first, question.beyond)
    found = _told(settings, question, span, FiguresView(**figures), groups=(Group(name="production", **figures),))
    described = listed(Line, next(_lines(found)).model_dump(mode="json"))
    described[200]["content"]["application/json"] = {"example": found.model_dump(mode="json")}
    return described


async def answer(
    store: Store, settings: DoraSettings, asked: DoraAsked, *, today: date, by: By | None = None
) -> DoraAnswer:
    """What the route answers; the page asks the same, and for groups ``by`` these beside the buckets."""
    question = _question(settings, asked, today)
    watched = await in_time(watched_from(store, question))
    if asked.since is None:
        question = question.model_copy(update={"first": min(watched, question.beyond - timedelta(days=1))})
    span = _Span(watched, today + timedelta(days=1), asked.bands or settings.bands)
    whole = question.model_copy(update={"by": None})
    sums = await in_time(store.dora(whole))
    apart = question.model_copy(update={"bucket": None, "by": by or question.by})
    groups, following = await _groups(store, apart, span)
    total = FiguresView(**span.figures(_total(sums), question.first, question.beyond))
    return _told(settings, question, span, total, series=_series(whole, sums, span), groups=groups, following=following)


def _told(
    settings: DoraSettings,
    question: Question,
    span: "_Span",
    total: FiguresView,
    *,
    series: tuple[Stretch, ...] = (),
    groups: tuple[Group, ...] = (),
    following: str | None = None,
) -> DoraAnswer:
    return DoraAnswer(
        since=question.first,
        until=question.beyond,
        environments=question.environments,
        product=question.product,
        team=question.team,
        total=total,
        series=series,
        groups=groups,
        next=following,
        bands_year=span.year,
        bands=band_views(span.year),
        formulas=dict(FORMULAS),
        fix_window=settings.fix_window.total_seconds(),
        replace_window=settings.replace_window.total_seconds(),
        error=round(ERROR, 4),
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """On which days there can have been deployments, and which report's bands are told."""

    watched: date
    beyond: date
    """The first day that is still to come."""
    year: int

    def figures(self, counts: Counts, first: date, beyond: date) -> dict[str, object]:
        """Of some days. Those on which nobody recorded, and those to come, had no chance."""
        days = (min(beyond, self.beyond) - max(first, self.watched)).days
        return shown(figures(counts, days=max(days, 0)), self.year)


def _question(settings: DoraSettings, asked: DoraAsked, today: date) -> Question:
    beyond = asked.until or today + timedelta(days=1)
    environments = tuple(asked.environment) or settings.environments
    question = Question(
        product=asked.product,
        team=asked.team,
        environments=() if EVERY in environments else environments,
        first=asked.since or beyond - timedelta(days=DEFAULT_DAYS),
        beyond=beyond,
        bucket=asked.bucket,
        by=asked.by,
        limit=asked.limit + 1,  # one more tells that there are more
        after=asked.cursor,
    )
    _check(question)
    return question


def _check(question: Question) -> None:
    days = (question.beyond - question.first).days
    if days < 1:
        raise refusal("query", "until", "must be later than since")
    if days > MOST_DAYS:
        raise refusal("query", "since", f"ask for {MOST_DAYS} days at most")
    if question.bucket is not None and sum(1 for _ in starts(question)) > MOST_BUCKETS[question.bucket]:
        raise refusal("query", "bucket", f"ask for {MOST_BUCKETS[question.bucket]} {question.bucket}s at most")


async def _groups(store: Store, question: Question, span: _Span) -> tuple[tuple[Group, ...], str | None]:
    if question.by is None:
        return (), None
    sums = await in_time(store.dora(question))
    found = sorted((name, counts) for (name, _), counts in sums.items())
    cut = question.limit - 1
    more = question.by is not By.ENVIRONMENT and len(found) > cut
    kept = found[:cut] if more else found
    groups = (Group(name=name, **span.figures(counts, question.first, question.beyond)) for name, counts in kept)
    return tuple(groups), kept[-1][0] if more else None


def _series(question: Question, sums: Sums, span: _Span) -> tuple[Stretch, ...]:
    if question.bucket is None:
        return ()
    return tuple(
        Stretch(since=begin, until=end, **span.figures(sums.get(("", begin), {}), begin, end))
        for begin, end in starts(question)
    )


def _total(sums: Sums) -> Counts:
    total: Counts = {}
    for counts in sums.values():
        add(total, counts)
    return total
