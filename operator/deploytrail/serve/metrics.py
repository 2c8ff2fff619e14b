"""/metrics: what the process counts of itself, and what the store counts of deployments."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Header, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

from deploytrail.serve.census import Census


def metrics_routes(census: Census) -> APIRouter:
    """The route; nobody needs a key for it."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics(accept: Annotated[str, Header(include_in_schema=False)] = "") -> Response:
        await census.refresh()
        encode, content_type = choose_encoder(accept)
        return Response(encode(_Both(census)), headers={"Content-Type": content_type})

    return router


class _Both:
    """One registry, as far as an encoder looks."""

    def __init__(self, census: Census) -> None:
        self._census = census

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        yield from self._census.collect()
