"""A store that heard of things as one mapping had them, and what others make of it."""

import asyncio
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deploytrail.errors import Rejected
from deploytrail.keys.model import Key
from deploytrail.record.identity import hivel_id
from deploytrail.record.model import (
    AnyReport,
    Binding,
    Deployment,
    Facts,
    Record,
    Repeat,
    Report,
    Series,
    Source,
    Status,
    Telling,
)
from deploytrail.record.query import Query
from deploytrail.rederive import rederive
from deploytrail.sources.http.dialect import Answer, Dialect, Head, Ignored, Request, bearer, fingerprint
from deploytrail.stores.memory import MemoryStore
from tests.fakes import NOW, key
from tests.reports import NOON

WORDS = {"begun": Status.STARTED, "done": Status.COMPLETED, "broken": Status.FAILED}
MENDED = WORDS | {"broken": Status.ABORTED}


def dialect(
    words: dict[str, Status] = WORDS,
    *,
    product: Callable[[str], str] = str,
    run: Callable[[str], str] = str,
    series: Callable[[Facts], Series] | None = None,
    repeat: Repeat = Repeat.NEWEST,
    binding: Binding = Binding.NONE,
    reads_key: bool = False,
    path: str = "/fake",
) -> Dialect:
    """An API of a few words, whose mapping is what it is told to be."""

    def parse(request: Request) -> Report:
        told = request.document
        if told["status"] not in words:
            raise Rejected(f"{told['status']} is no status", reason="invalid-status")
        status = words[told["status"]]
        facts = Facts(
            product=product(told["product"]),
            environment=request.key.environment or "production",
            version=told.get("version"),
            commit=told.get("commit"),
            deployed_by=told.get("by"),
        )
        return Report(
            id=hivel_id(deployment_id=run(told["run"]), start_time=NOON),
            series=series(facts) if series else None,
            telling=Telling(
                source=Source.HIVEL,
                status=status,
                at=request.received_at,
                received_at=request.received_at,
                reporter=request.key.name,
                raw_status=told["status"],
                body=request.text,
                fingerprint=fingerprint(told),
            ),
            facts=facts,
            finished_at=request.received_at if status.terminal else None,
            repeat=repeat,
            binding=binding,
        )

    return Dialect(
        name=Source.HIVEL.value,
        paths=(path,),
        methods=("POST",),
        key=bearer,
        parse=parse,
        answer=lambda record: Answer(200, {}),
        refuse=lambda error: Answer(400, {}),
        reads_key=reads_key,
    )


@dataclass
class Result:
    code: int
    changed: dict[str, dict[str, list[Any]]]
    said: str


class Scene:
    """A store that hears of things as one mapping has them, and is asked what others would make of it."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.minutes = 0

    def hear(self, spoken: Dialect, *, sender: Key | None = None, record: bool = True, **said: Any) -> AnyReport[Any]:
        self.minutes += 1
        document = {"run": "run-1", "product": "web", "status": "done"} | said
        text = json.dumps(document)
        received_at = NOW + timedelta(minutes=self.minutes)
        request = Request(head=HEAD, key=sender or key(), received_at=received_at, text=text, document=document)
        told = understand(spoken, request)
        if record:
            asyncio.run(self.store.record(told))
        return told

    def derive(self, *dialects: Dialect, apply: bool = False, keys: Iterable[Key] | None = None) -> Result:
        out, err = io.StringIO(), io.StringIO()
        known = [key()] if keys is None else keys
        asking = rederive(self.store, dialects=dialects, keys=known, apply=apply, out=out, err=err)
        code = asyncio.run(asking)
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        assert all(line.keys() == {"id", "changes"} for line in lines)
        return Result(code, {line["id"]: line["changes"] for line in lines}, err.getvalue())

    def records(self) -> list[Deployment]:
        return list(asyncio.run(self.store.find(Query())).items)

    def everything(self) -> list[Record]:
        shelves: list[Any] = [self.store.deployments, self.store.builds, self.store.annotations]
        return [record for shelf in shelves for record in asyncio.run(shelf.find(Query())).items]


def understand(spoken: Dialect, request: Request) -> AnyReport[Any]:
    """The report a request makes, which is none to be ignored."""
    told = spoken.parse(request)
    assert not isinstance(told, Ignored)
    return told


def get(query: str) -> Head:
    return Head(method="GET", path="/api/events/push", query=query, headers={})


HEAD = Head(method="POST", path="/fake", query="", headers={})


class Overtaken(MemoryStore):
    """Hears of something new right before the first rewrite."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: AnyReport[Any] | None = None

    async def rewrite(self, record: Record, *, heard: tuple[Telling, ...]) -> bool:
        if self.coming is not None:
            coming, self.coming = self.coming, None
            await self.record(coming)
        return await super().rewrite(record, heard=heard)
