"""An answer in the form that was asked for, with its tag, so that whoever has it already is told so and no more."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic
from urllib.parse import urlencode

import structlog
from fastapi import HTTPException, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from deploytrail import __version__
from deploytrail.errors import Unavailable
from deploytrail.record.model import Build, Deployment, R, Telling
from deploytrail.record.query import Page, Query
from deploytrail.serve import spreadsheet
from deploytrail.serve.asking import Asked, Form, Problem, in_time, next_of
from deploytrail.serve.edge import only_head
from deploytrail.serve.views import fields, report_views

log = structlog.get_logger()

EXPORT_PAGE = 200
"""Records that are written at a time: some milliseconds in which nobody else is answered."""

_CACHED = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
"""Kept by whoever asked, and never shown again without asking us."""

_TAGGED = {"headers": {"ETag": {"description": "Send it as `If-None-Match`.", "schema": {"type": "string"}}}}
_LINKED = {"Link": {"description": 'Where the next page is: `rel="next"`.', "schema": {"type": "string"}}}

ONE: dict[int | str, dict[str, Any]] = {
    200: _TAGGED,
    304: {"description": "It is as it was."},
    404: {"model": Problem, "description": "There is none."},
}
"""How an answer about one thing is described."""


def listed(item: type[BaseModel], example: dict[str, Any], *, paged: bool = True) -> dict[int | str, dict[str, Any]]:
    """How a list of such items is described."""
    lines = spreadsheet.header(item) + spreadsheet.lines([item.model_validate(example)])
    csv = {"text/csv": {"schema": {"type": "string"}, "example": lines.decode()}}
    headers = _TAGGED["headers"] | (_LINKED if paged else {})
    return {200: {"headers": headers, "content": csv}, 304: {"description": "It is as it was."}}


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list of records that people turn the pages of, or export."""

    name: str
    find: Callable[[Query], Awaitable[Page[R]]]
    show: Callable[[R], Iterable[BaseModel]]
    """What there is to show of a record."""
    item: type[BaseModel]
    """The type of that."""
    page: type[BaseModel]

    async def answer(self, request: Request, asked: Asked) -> Response:
        """The page that is asked for; as CSV without a limit, all there is."""
        query, as_csv = asked.query(), prefers_csv(request, asked.format)
        everything = as_csv and asked.limit is None
        if everything:
            query = query.model_copy(update={"limit": EXPORT_PAGE})
        page = await in_time(self.find(query))
        if everything:
            return Export(
                self._export(query, page, nothing=only_head(request.scope)), headers=_headers(self.name, as_csv=as_csv)
            )
        tag = tag_of(*(each.model_dump_json() for each in page.items), next_of(page), as_csv)
        if known := unchanged(request, tag):
            return known
        headers = _headers(self.name, as_csv=as_csv) | _link(request, next_of(page)) | {"ETag": tag}
        items = tuple(item for each in page.items for item in self.show(each))
        if as_csv:
            return Response(spreadsheet.header(self.item) + spreadsheet.lines(items), headers=headers)
        content = self.page(items=items, next=next_of(page)).model_dump_json()
        return Response(content, media_type="application/json", headers=headers)

    async def _export(self, query: Query, page: Page[R], *, nothing: bool) -> AsyncIterator[bytes]:
        if nothing:
            return
        yield spreadsheet.header(self.item)
        while True:
            yield spreadsheet.lines(item for each in page.items for item in self.show(each))
            if page.next is None:
                return
            page = await in_time(self.find(query.model_copy(update={"before": page.next})))


def answer_whole(
    request: Request,
    name: str,
    item: type[BaseModel],
    items: Callable[[], Iterable[BaseModel]],
    content: bytes,
    form: Form | None,
    following: str | None = None,
) -> Response:
    """An answer in one piece: ``content`` is all of it as JSON, ``items`` are the lines of its CSV.

    ``following`` is the cursor of what comes after it.
    """
    as_csv = prefers_csv(request, form)
    tag = tag_of(content, as_csv)
    if known := unchanged(request, tag):
        return known
    headers = _headers(name, as_csv=as_csv) | _link(request, following) | {"ETag": tag}
    if as_csv:
        return Response(spreadsheet.header(item) + spreadsheet.lines(items()), headers=headers)
    return Response(content, media_type="application/json", headers=headers)


class Export(StreamingResponse):
    """An answer as long as it takes. One that cannot be brought to its end is broken off, so that it looks like it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        try:
            await super().__call__(scope, receive, send)
        except Unavailable as error:
            log.warning("export_broken_off", path=scope["path"], reason=error.message)


async def answer_record(
    request: Request,
    record: Deployment | Build | None,
    reports: Callable[[str], Awaitable[tuple[Telling, ...] | None]],
    view: type[BaseModel],
    *,
    what: str,
    **more: BaseModel | None,
) -> Response:
    """One record with every report it was made from, and ``more`` that is not of its own telling."""
    tag = tag_of(record, *more.values())
    if record is not None and (known := unchanged(request, tag)):
        return known
    told = await in_time(reports(record.id)) if record is not None else None
    if record is None or told is None:
        raise HTTPException(404, f"There is no such {what}")
    return one(view.model_validate(fields(record) | {"reports": report_views(told)} | more), tag)


def one(view: BaseModel, tag: str) -> Response:
    """A single answer, under its tag."""
    return Response(view.model_dump_json(), media_type="application/json", headers=_CACHED | {"ETag": tag})


def unchanged(request: Request, tag: str) -> Response | None:
    """304 for whoever has it already, as RFC 9110 compares tags there: the weak way."""
    known = ",".join(request.headers.getlist("if-none-match"))
    if not any(each.strip().removeprefix("W/") in ("*", tag.removeprefix("W/")) for each in known.split(",")):
        return None
    return Response(status_code=304, headers=_CACHED | {"ETag": tag})


def tag_of(*parts: object) -> str:
    """Another one whenever any of the parts is another, or we are: what we show of them may have changed with us."""
    whole = sha256(__version__.encode())
    for part in parts:
        whole.update(b"\0" + (part if isinstance(part, bytes) else _text(part).encode()))
    return f'W/"{whole.hexdigest()[:32]}"'


def _text(part: object) -> str:
    return part.model_dump_json() if isinstance(part, BaseModel) else str(part)


def prefers_csv(request: Request, form: Form | None) -> bool:
    """Whether it is asked for as CSV; where the request leaves it open, it is not."""
    if form is not None:
        return form is Form.CSV
    wanted = dict(map(_weighed, ",".join(request.headers.getlist("accept")).split(",")))
    csv = wanted.get("text/csv", 0.0)
    if "application/json" in wanted:
        return csv > wanted["application/json"]
    return csv > 0 and csv >= max(wanted.get("application/*", 0.0), wanted.get("*/*", 0.0))


def _weighed(media: str) -> tuple[str, float]:
    """A type of media, and how much it is wanted: ``text/csv;q=0.5``."""
    name, *parameters = (part.strip().lower() for part in media.split(";"))
    weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return name, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return name, 0.0


def _headers(name: str, *, as_csv: bool) -> dict[str, str]:
    if not as_csv:
        return _CACHED
    saved = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return _CACHED | saved | {"Content-Type": spreadsheet.MEDIA_TYPE}


def _link(request: Request, cursor: str | None) -> dict[str, str]:
    """Relative, so that it holds behind a proxy, too."""
    if cursor is None:
        return {}
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<?{urlencode([*asked, ("cursor", cursor)])}>; rel="next"'}
