"""Stand-ins that implement our ports: a clock, keys, readiness, and stores that are away, asleep or broken."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from deploytrail.errors import Unavailable
from deploytrail.keys.model import Key, Scope, digest
from deploytrail.record.dora.judging import Judgement
from deploytrail.record.dora.question import Question, Sums
from deploytrail.record.model import AnyReport, Deployment, Mark, R
from deploytrail.record.query import Page, Query
from deploytrail.record.running import Running, Tried
from deploytrail.stores.base import Outcome
from deploytrail.stores.memory import MemoryStore
from tests.waiting import until

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "dtk_0a1b2c3d_c2VjcmV0LW9mLXRoZS10ZXN0cw"


def stopped_clock() -> datetime:
    return NOW


class Clock:
    """Stands still until it is told how much later it is."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)


def key(
    secret: str = SECRET,
    *,
    name: str = "ci",
    scopes: Iterable[Scope] = (Scope.INGEST, Scope.READ),
    apis: Iterable[str] = (),
    products: Iterable[str] = (),
    environments: Iterable[str] = (),
    product: str | None = None,
    environment: str | None = None,
    workspace: str | None = None,
    created_at: datetime = NOW,
    expires_at: datetime | None = None,
    signing: bool = False,
) -> Key:
    return Key(
        name=name,
        digest=digest(secret),
        signing=SecretStr(secret) if signing else None,
        scopes=frozenset(scopes),
        apis=frozenset(apis),
        products=frozenset(products),
        environments=frozenset(environments),
        product=product,
        environment=environment,
        workspace=workspace,
        created_at=created_at,
        expires_at=expires_at,
    )


class FakeReadiness:
    """Says what it is told to say."""

    def __init__(self, *problems: str) -> None:
        self.found = list(problems)

    async def problems(self) -> list[str]:
        return self.found


class StoreAway(MemoryStore):
    """Nothing can be recorded or read."""

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def get(self, deployment_id: str) -> Deployment | None:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def find(self, query: Query) -> Page[Deployment]:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def mark(self, deployment_id: str, said: Mark) -> Deployment | None:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def places(self, environment: str | None = None) -> tuple[Running | Tried, ...]:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def dora(self, question: Question) -> Sums:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def judgements(self, deployments: Sequence[Deployment]) -> Mapping[str, Judgement]:
        raise Unavailable("the store is away since noon", retry_after=7)

    async def check(self) -> None:
        raise Unavailable("the store is away since noon", retry_after=7)


class StoreAsleep(MemoryStore):
    """Takes reports, and answers no sooner than it is woken. Woken from another thread than the server's."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.woken = threading.Event()

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        self.asked.set()
        await until(self.woken.is_set)
        return await super().record(report)


class StoreBroken(MemoryStore):
    """Has a defect, and says something in it that nobody should read."""

    async def record(self, report: AnyReport[R]) -> Outcome[R]:
        raise RuntimeError(f"cannot handle {report.telling.body}")

    async def find(self, query: Query) -> Page[Deployment]:
        raise RuntimeError(f"cannot handle {query.product}")
