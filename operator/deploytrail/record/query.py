"""Questions over records: what may be asked, in one value that every store understands."""

from datetime import datetime

from pydantic import Field

from deploytrail.record.model import Deployment, Frozen, Instant, Source, Status


class Query(Frozen):
    """Filters are joined by and; None asks for all. Newest first by ``created_at``, then ``id``."""

    product: str | None = None
    environment: str | None = None
    status: Status | None = None
    source: Source | None = None
    counted: bool | None = None
    since: Instant | None = None
    """Only what happened at or after this time."""
    until: Instant | None = None
    """Only what happened before this time."""
    application_uid: str | None = None
    open: bool | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    before: tuple[Instant, str] | None = None
    """Where the page before this one ended: its last record's sort key."""


class Page(Frozen):
    """Some records, and where to go on."""

    items: tuple[Deployment, ...] = ()
    next: tuple[Instant, str] | None = None


def happened_at(deployment: Deployment) -> datetime:
    """When it took place: its end, else its start, else when we heard of it."""
    return deployment.finished_at or deployment.started_at or deployment.created_at


def sort_key(deployment: Deployment) -> tuple[datetime, str]:
    """Total and stable: a record never changes its place."""
    return deployment.created_at, deployment.id


def matches(query: Query, deployment: Deployment) -> bool:
    """Whether the record answers the question."""
    exact = ("product", "environment", "status", "source", "counted")
    if any(
        wanted is not None and getattr(deployment, name) != wanted
        for name in exact
        for wanted in [getattr(query, name)]
    ):
        return False
    if query.open is not None and query.open == deployment.status.terminal:
        return False
    if query.application_uid is not None:
        application = deployment.application
        if application is None or application.uid != query.application_uid:
            return False
    when = happened_at(deployment)
    if query.since is not None and when < query.since:
        return False
    return not (query.until is not None and when >= query.until)


def page(query: Query, newest_first: list[Deployment]) -> Page:
    """Cut the page out of all matching records, already sorted newest first."""
    rest = [d for d in newest_first if query.before is None or sort_key(d) < query.before]
    items = tuple(rest[: query.limit])
    return Page(items=items, next=sort_key(items[-1]) if len(rest) > query.limit else None)
