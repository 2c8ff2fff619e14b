"""GET /api/v1/audit: who told what, when, and with which key."""

from collections.abc import Awaitable, Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from deploytrail.record.model import Record, Source, Status
from deploytrail.serve.answering import Listing, listed
from deploytrail.serve.asking import Asked, router
from deploytrail.serve.examples import TOLD
from deploytrail.serve.views import Time
from deploytrail.stores.base import Shelf, Store


class Kind(StrEnum):
    """What the reports are about."""

    DEPLOYMENT = "deployment"
    BUILD = "build"
    ANNOTATION = "annotation"


class Filters(Asked):
    """What may be asked of reports: what may be asked of their records."""

    kind: Kind = Field(Kind.DEPLOYMENT, description="Reports about these.")
    environment: str | None = Field(None, description="Only this environment.", examples=["production"])


class ToldItem(BaseModel):
    """One accepted report, without its body."""

    model_config = ConfigDict(json_schema_extra={"examples": [TOLD]})

    received_at: Time = Field(description="When we heard of it, by our clock.")
    reporter: str | None = Field(description="Name of the key, or of the Kubernetes user.")
    source: Source = Field(description="Through which door it came.")
    status: Status
    raw_status: str | None = Field(description="The sender's own word for that.")
    at: Time = Field(description="When the state was reached, by the sender's clock.")
    record: str = Field(description="Id of the record that it is part of.")
    product: str
    version: str | None
    environment: str | None


class ToldList(BaseModel):
    """A page: the reports of as many records as the limit says, those of one record together."""

    items: tuple[ToldItem, ...]
    next: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")


def audit_routes(store: Store, *, may_read: Callable[..., Awaitable[object]]) -> APIRouter:
    """The route, for keys that may read."""
    routes = router("/api/v1/audit", "audit", may_read)
    shelves: dict[Kind, Shelf[Any]] = {
        Kind.DEPLOYMENT: store.deployments,
        Kind.BUILD: store.builds,
        Kind.ANNOTATION: store.annotations,
    }

    @routes.get("", summary="Who told what", response_model=ToldList, responses=listed(ToldItem, TOLD))
    async def find(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        """Every report that was accepted, with the record it became part of; its body stands with that."""
        find = shelves[filters.kind].find
        return await Listing("audit", find, _reports, ToldItem, ToldList).answer(request, filters)

    return routes


def _reports(record: Record) -> Iterator[ToldItem]:
    for telling in record.tellings:
        yield ToldItem(
            **telling.model_dump(exclude={"body", "fingerprint"}),
            record=record.id,
            product=record.product,
            version=getattr(record, "version", None),
            environment=getattr(record, "environment", None),
        )
