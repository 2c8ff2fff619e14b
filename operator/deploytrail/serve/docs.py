"""/docs: the OpenAPI document as a page. All its files are ours, so it works where no other host can be reached."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response

_TYPES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}
_CACHED = {"Cache-Control": "public, max-age=86400"}


def docs_routes(title: str) -> APIRouter:
    """The page and its files, referred to relatively, so that a proxy may put them under a path of its own."""
    router = APIRouter(include_in_schema=False)
    folder = files("fastapi_offline") / "static"
    contents = {name: (folder / name).read_bytes() for name in _TYPES}

    @router.get("/docs")
    async def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=title,
            swagger_js_url="docs/swagger-ui-bundle.js",
            swagger_css_url="docs/swagger-ui.css",
            swagger_favicon_url="docs/favicon.png",
            swagger_ui_parameters={"validatorUrl": None},  # by default the page asks a validator on the internet
        )

    @router.get("/docs/{name}")
    async def file(name: str) -> Response:
        if name not in contents:
            raise HTTPException(404)
        return Response(contents[name], headers={"Content-Type": _TYPES[name], **_CACHED})

    return router
