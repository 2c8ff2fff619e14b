"""/metrics: what the process counts of itself, and what the store counts of deployments."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from deploytrail.serve.census import Census

_END = b"# EOF\n"
"""Of OpenMetrics alone."""


def metrics_routes(census: Census) -> APIRouter:
    """The route; nobody needs a key for it."""
    router = APIRouter(tags=["health"])

    @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
    async def metrics(accept: Annotated[str, Header(include_in_schema=False)] = "") -> Response:
        encode, content_type = choose_encoder(accept)
        counted = await census.told(encode, content_type)
        return Response(encode(REGISTRY).removesuffix(_END) + counted, headers={"Content-Type": content_type})

    return router
