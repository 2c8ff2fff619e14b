"""The ingest routes for the OpenAPI document: the lane answers them, the read API shows them."""

from collections.abc import Iterable
from typing import Any

from deploytrail.sources.http.dialect import Dialect


def describe(dialects: Iterable[Dialect]) -> dict[str, Any]:
    """``paths`` and ``components`` as in an OpenAPI document."""
    paths: dict[str, Any] = {}
    schemes: dict[str, Any] = {}
    for dialect in dialects:
        if dialect.page is None:
            continue
        schemes |= {f"{dialect.name} {number}": scheme for number, scheme in enumerate(dialect.page.keys, 1)}
        for path in dialect.paths:
            paths[path] = {method.lower(): _operation(dialect, method, path) for method in dialect.methods}
    return {"paths": paths, "components": {"securitySchemes": schemes}}


def _operation(dialect: Dialect, method: str, path: str) -> dict[str, Any]:
    page = dialect.page
    assert page is not None  # noqa: S101 - as asked for above
    schema = page.body.model_json_schema()
    operation: dict[str, Any] = {
        "tags": [f"report: {dialect.name}"],
        "summary": page.summary,
        "operationId": f"{method.lower()}_{path.strip('/')}".replace("/", "_").replace("-", "_"),
        "security": [{f"{dialect.name} {number}": []} for number in range(1, len(page.keys) + 1)],
        "responses": {
            str(page.accepted): {"description": "Recorded, durably."},
            "4XX": {"description": "Refused; nothing of it is kept."},
            "503": {"description": "The store is away: try again when Retry-After says."},
        },
    }
    if method == "GET":
        operation["parameters"] = [
            {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": each}
            for name, each in schema["properties"].items()
        ]
    else:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation
