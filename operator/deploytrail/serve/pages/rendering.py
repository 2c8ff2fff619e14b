"""Templates with their words, as an answer that browsers treat with suspicion."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deploytrail import __version__
from deploytrail.record.instant import to_rfc3339
from deploytrail.serve.pages import words
from deploytrail.serve.pages.assets import load_assets
from deploytrail.serve.pages.visitors import Visitors

REMEMBERED = 5000
"""Pieces of pages, of less than a kilobyte each."""

VISITOR = "deploytrail.visitor"
"""Where a request's visitor is kept."""


class Templates:
    """Every page is rendered here."""

    def __init__(self, clock: Callable[[], datetime], visitors: Visitors) -> None:
        self.assets = load_assets()
        self._clock, self._visitors = clock, visitors
        self._environment = Environment(
            loader=PackageLoader("deploytrail.serve.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(version=__version__)
        self._environment.filters.update(
            span=words.span,
            link=words.safe_link,
            short=words.short,
            rfc3339=to_rfc3339,
            clock=_time_of_day,
            moment=_moment,
            day=_day,
            day_before=lambda day: _day(day - timedelta(days=1)),
        )
        self._environment.tests.update(link=lambda text: words.safe_link(text) is not None)

    def macro(self, template: str, name: str) -> Callable[..., Markup]:
        """A macro that needs its arguments alone; what it made of the same ones is remembered."""
        written: Callable[..., Markup] = getattr(self._environment.get_template(template).module, name)
        return lru_cache(maxsize=REMEMBERED)(written)

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """The page that a template makes of these values."""
        now, root = self._clock(), root_of(request)
        shown = self._environment.get_template(template).render(
            now=now,
            root=root,
            base=f"http{'s' * self._visitors.is_secure(request)}://{request.headers.get('host', 'localhost')}",
            asset=lambda name: f"{root}assets/{self.assets[name].name}",
            ago=lambda then: ago(then, now),
            commit_link=words.commit_link,
            url=lambda path, **asked: f"{root}{path}{query(asked)}",
            visitor=request.scope.get(VISITOR),
            **context,
        )
        return HTMLResponse(shown, status_code=status)


def root_of(request: Request) -> str:
    """The way from a page to the first one: relative, so that a proxy may put all of them under a path of its own."""
    return "../" * (request.url.path.count("/") - 1) or "./"


def query(asked: Mapping[str, object]) -> str:
    """The filters that are set, as they stand in an address."""
    given = {name: value for name, value in asked.items() if value not in (None, "", False)}
    return f"?{urlencode(given)}" if given else ""


def ago(when: datetime, now: datetime) -> Markup:
    """How long ago it was. No macro: there may be a thousand on a page."""
    at = to_rfc3339(when)
    return Markup(f'<time datetime="{at}" title="{at}" data-age>{words.age(when, now)}</time>')  # noqa: S704 - ours


def _time_of_day(when: datetime) -> str:
    return when.strftime("%H:%M")


def _moment(when: datetime) -> str:
    return f"{when:%-d %b %Y, %H:%M:%S} UTC"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
