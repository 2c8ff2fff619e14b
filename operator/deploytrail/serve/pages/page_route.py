"""What holds for every page: headers that keep strangers' scripts out, and errors that a person can read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from deploytrail.errors import Unavailable
from deploytrail.serve.pages.rendering import VISITOR, Templates, query, root_of
from deploytrail.serve.pages.sessions import COOKIE
from deploytrail.serve.pages.visitors import Visitor, Visitors

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers send forms with the origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class SignInNeeded(Exception):
    """Nobody knows yet whether who asks may read."""


def page_route(templates: Templates, visitors: Visitors) -> type[APIRoute]:
    """The class of the routes of pages."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    response = await handle(request)
                except SignInNeeded:
                    response = RedirectResponse(f"{root_of(request)}signin{query({'next': _asked(request)})}", 303)
                except (Unavailable, HTTPException, RequestValidationError) as error:
                    response = _explain(templates, request, error)
                response.headers.setdefault("Cache-Control", "no-store")
                response.headers.update(HEADERS)
                _renew(response, request, visitors)
                return response

            return answer

    return PageRoute


def keep_session(response: Response, cookie: str, request: Request, visitors: Visitors) -> None:
    """Hand the browser a session: no script can read it, and no other site can use it to change anything."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(visitors.session.total_seconds()),
        httponly=True,
        samesite="lax",  # strict would sign people out who come by a link in a chat
        secure=visitors.is_secure(request),
    )


def _renew(response: Response, request: Request, visitors: Visitors) -> None:
    visitor: Visitor | None = request.scope.get(VISITOR)
    if visitor is not None and visitor.cookie is not None and "set-cookie" not in response.headers:
        keep_session(response, visitor.cookie, request, visitors)


def _asked(request: Request) -> str:
    """The page that was asked for, as seen from the first one."""
    path = request.url.path.lstrip("/")
    return f"{path}?{request.url.query}" if request.url.query else path


def _explain(templates: Templates, request: Request, error: Exception) -> Response:
    match error:
        case Unavailable():
            wait = {"Retry-After": str(error.retry_after)}
            status, title, text = 503, "The records cannot be reached just now", f"{error.message}."
            text = f"{text[0].upper()}{text[1:]} This page tries again by itself; what was acknowledged is not lost."
        case HTTPException():
            wait, status, text = dict(error.headers or {}), error.status_code, f"{error.detail}."
            title = "This is not here" if status == 404 else "That did not work"
        case _:
            wait, status, title = {}, 422, "Nothing can be found this way"
            text = "The address asks for something that does not exist. Start from the page without filters."
    response = templates.render(request, "trouble.html", status=status, title=title, text=text, page="")
    response.headers.update(wait)
    return response
