"""The application behind the ingest lane: everything that is read, with its OpenAPI document."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from deploytrail import __version__
from deploytrail.errors import Unavailable
from deploytrail.keys.base import KeyBackend
from deploytrail.keys.model import Scope
from deploytrail.keys.rates import Rates
from deploytrail.keys.ring import KeyRing
from deploytrail.record.running import Running
from deploytrail.serve import preferences
from deploytrail.serve.access import ASKING, Gate, require
from deploytrail.serve.annotations import annotation_routes
from deploytrail.serve.audit import audit_routes
from deploytrail.serve.builds import build_routes
from deploytrail.serve.census import Census
from deploytrail.serve.deployments import deployment_routes
from deploytrail.serve.docs import docs_routes
from deploytrail.serve.dora import dora_routes
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.edge import Edge, on_invalid, on_unavailable
from deploytrail.serve.environments import environment_routes
from deploytrail.serve.gaps import gap_routes
from deploytrail.serve.health import Readiness, health_routes
from deploytrail.serve.keys import key_routes
from deploytrail.serve.marks import mark_routes
from deploytrail.serve.metrics import metrics_routes
from deploytrail.serve.metrics_settings import MetricsSettings
from deploytrail.serve.versions import version_routes
from deploytrail.stores.base import Store

TITLE = "Deploytrail"
DORA = DoraSettings()
METRICS = MetricsSettings()


def build_api(
    store: Store,
    ring: KeyRing,
    readiness: Readiness,
    clock: Callable[[], datetime],
    found: Callable[[], Iterable[Running]] = tuple,
    told: Mapping[str, Any] = MappingProxyType({}),
    *,
    keys: KeyBackend,
    apis: frozenset[str],
    rates: Rates,
    dora: DoraSettings = DORA,
    pages: APIRouter | None = None,
    metrics: MetricsSettings = METRICS,
) -> FastAPI:
    """The pages, the read API, keys, health, metrics and docs. Errors are JSON everywhere but on pages.

    ``found`` is what ran before anything was recorded, where a source can tell; ``told`` describes the routes that
    stand in front of these, for the OpenAPI document; ``apis`` are those that a key may be limited to.
    """
    api = FastAPI(
        title=TITLE,
        version=__version__,
        summary="Every deployment, recorded exactly once.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.add_middleware(Edge)
    api.add_exception_handler(RequestValidationError, on_invalid)
    api.add_exception_handler(Unavailable, on_unavailable)
    may_read = require(Scope.READ)
    routers = (
        *(
            routes(store, may_read=may_read)
            for routes in (deployment_routes, build_routes, annotation_routes, audit_routes, gap_routes)
        ),
        version_routes(store, found, may_read=may_read),
        environment_routes(store, found, may_read=may_read),
        dora_routes(store, dora, clock, may_read=may_read),
        mark_routes(store, clock),
        preferences.preference_routes(store, clock),
        key_routes(keys, ring, may_manage=require(Scope.ADMIN), apis=apis, clock=clock),
        health_routes(readiness, clock),
        metrics_routes(Census(store, clock, products=metrics.products, environments=dora.environments)),
        docs_routes(TITLE),
        pages or APIRouter(),
    )
    for router in routers:
        api.include_router(router)

    _show(api, told)

    paths = [
        "/openapi.json",
        *(route.path for router in routers for route in router.routes if isinstance(route, APIRoute)),
    ]
    api.add_middleware(Gate, doors=(ASKING, preferences.DOOR), paths=paths, ring=ring, rates=rates, clock=clock)
    return api


def _show(api: FastAPI, told: Mapping[str, Any]) -> None:
    """Let the OpenAPI document hold what others answer, too."""
    own = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = own()
            document["paths"] |= told.get("paths", {})
            for name, parts in told.get("components", {}).items():
                document["components"].setdefault(name, {}).update(parts)
        return own()

    api.openapi = openapi  # type: ignore[method-assign]
