"""DORA's figures for a question: asked of the store, made of its counts. API and page show them each its own way."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from deploytrail.mapping.times import parse_instant
from deploytrail.record.dora.bands import BANDS
from deploytrail.record.dora.counting import Counts, add
from deploytrail.record.dora.figures import Figures, figures
from deploytrail.record.dora.question import Bucket, By, Question, Sums, starts
from deploytrail.serve.asking import Form, in_time, refusal
from deploytrail.serve.dora_settings import YEARS, DoraSettings
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


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures that were asked for."""

    question: Question
    year: int
    """Of the report whose bands are shown."""
    total: Figures
    series: tuple[tuple[date, date, Figures], ...] = ()
    """By bucket, oldest first: its first day, the first that does not belong to it, and the figures."""
    groups: tuple[tuple[str, Figures], ...] = ()
    """By name."""
    following: str | None = None
    """After which name there are more groups."""


async def measure(
    store: Store, settings: DoraSettings, asked: DoraAsked, *, today: date, by: By | None = None
) -> Measured:
    """The figures; groups ``by`` these beside the buckets, where the page wants both."""
    question = _question(settings, asked, today)
    watched = await in_time(watched_from(store, question))
    if asked.since is None:
        question = question.model_copy(update={"first": min(watched, question.beyond - timedelta(days=1))})
    days = _Days(watched, today + timedelta(days=1))
    whole = question.model_copy(update={"by": None})
    apart = question.model_copy(update={"bucket": None, "by": by or question.by})
    sums, (groups, following) = await asyncio.gather(in_time(store.dora(whole)), _groups(store, apart, days))
    return Measured(
        question=question,
        year=asked.bands or settings.bands,
        total=days.figures(_total(sums), question.first, question.beyond),
        series=tuple(_series(whole, sums, days)) if question.bucket is not None else (),
        groups=groups,
        following=following,
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """On which days there can have been deployments."""

    watched: date
    beyond: date
    """The first day that is still to come."""

    def figures(self, counts: Counts, first: date, beyond: date) -> Figures:
        """Of some days. Those on which nobody recorded, and those to come, had no chance."""
        return figures(counts, days=max(0, (min(beyond, self.beyond) - max(first, self.watched)).days))


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


async def _groups(store: Store, question: Question, days: _Days) -> tuple[tuple[tuple[str, Figures], ...], str | None]:
    if question.by is None:
        return (), None
    sums = await in_time(store.dora(question))
    found = sorted((name, counts) for (name, _), counts in sums.items())
    cut = question.limit - 1
    more = question.by is not By.ENVIRONMENT and len(found) > cut
    kept = found[:cut] if more else found
    groups = ((name, days.figures(counts, question.first, question.beyond)) for name, counts in kept)
    return tuple(groups), kept[-1][0] if more else None


def _series(question: Question, sums: Sums, days: _Days) -> Iterator[tuple[date, date, Figures]]:
    for begin, end in starts(question):
        yield begin, end, days.figures(sums.get(("", begin), {}), begin, end)


def _total(sums: Sums) -> Counts:
    total: Counts = {}
    for counts in sums.values():
        add(total, counts)
    return total
