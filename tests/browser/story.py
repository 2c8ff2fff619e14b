"""A month in the life of a team, as records: what the pages are looked at with, and photographed."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any

from deploytrail.record.model import (
    AnnotationFacts,
    AnnotationReport,
    AnnotationType,
    AnyReport,
    ApplicationRef,
    BuildFacts,
    BuildReport,
    Facts,
    Links,
    Report,
    Source,
    Status,
    Telling,
    Trigger,
)

PRODUCTS = (
    "billing", "cart", "checkout-web", "identity", "inventory", "mail", "payments", "search", "shipping", "shop",
)  # fmt: skip
PEOPLE = ("alice", "bob", "chiara", "argocd (automated)")
PIPELINE = (("development", 0), ("staging", 2), ("production", 9))
"""Environments, and how many hours after its build a version gets there at the soonest."""
DAYS = 30
ARGOCD = "https://argocd.example.com/applications/argocd"


def story(now: datetime) -> list[AnyReport]:  # type: ignore[type-arg]
    """Reports in the order in which they were heard, the last one a moment ago; the same for the same ``now``."""
    told = [*_month(now), *_today(now), *_notes(now)]
    return sorted(told, key=lambda report: report.telling.received_at)


def _month(now: datetime) -> Iterator[AnyReport]:  # type: ignore[type-arg]
    chance = random.Random(20261125)
    for number, product in enumerate(PRODUCTS):
        minor, at = 4, now - timedelta(days=DAYS, hours=number * 3)
        while at < now - timedelta(hours=26):
            version = f"2.{minor}.{chance.randrange(6)}"
            yield build(product, version, at=at)
            for environment, hours in PIPELINE:
                when = at + timedelta(
                    hours=hours and chance.randrange(hours, 2 * hours + 3), minutes=chance.randrange(90)
                )
                if when > now - timedelta(hours=5) or (environment == "production" and chance.random() < 0.2):
                    continue
                failed = environment != "development" and chance.random() < 0.12
                yield from deployed(
                    product,
                    version,
                    environment,
                    at=when,
                    took=timedelta(seconds=chance.randrange(35, 420)),
                    status=Status.FAILED if failed else Status.COMPLETED,
                    by=chance.choice(PEOPLE),
                    reason="health Degraded after the sync" if failed else None,
                )
            minor, at = minor + 1, at + timedelta(hours=chance.randrange(30, 96))


def _today(now: datetime) -> Iterator[Report]:
    """What makes a wall worth a glance."""

    def happened(minutes: float, product: str, version: str, environment: str, **more: Any) -> Iterator[Report]:
        took = more.pop("took", timedelta(minutes=1, seconds=40))
        return deployed(product, version, environment, at=now - timedelta(minutes=minutes), took=took, **more)

    yield from happened(190, "payments", "2.18.0", "staging")
    yield from happened(95, "payments", "2.18.0", "production", by="chiara")
    yield from happened(71, "payments", "2.17.3", "production", by="chiara", trigger=Trigger.ROLLBACK)
    yield from happened(
        44,
        "cart",
        "2.17.0",
        "production",
        by="alice",
        status=Status.FAILED,
        reason="Failed: one or more synchronization tasks completed unsuccessfully, reason: error validating data",
    )
    yield from happened(33, "search", "2.17.1", "staging", missed_before=2)
    yield from happened(
        21, "mail", "2.18.0", "production", status=Status.UNKNOWN, reason="superseded while Progressing"
    )
    yield from happened(
        16,
        "identity",
        "2.16.5",
        "production",
        trigger=Trigger.SELF_HEAL,
        counted=False,
        reason="a self-heal of the same revision",
    )
    yield from happened(12, "shop", "2.19.0", "staging", by="bob")
    yield from happened(1.5, "shop", "2.19.0", "production", by="bob", took=None)


def _notes(now: datetime) -> Iterator[AnnotationReport]:
    yield note("checkout-web", "Feature flag express-pay on for 10 % of visitors", now - timedelta(minutes=58))
    yield note("billing", "Database failover drill, no traffic lost", now - timedelta(hours=27))


def deployed(
    product: str,
    version: str,
    environment: str,
    *,
    at: datetime,
    took: timedelta | None = None,
    status: Status = Status.COMPLETED,
    by: str = "argocd (automated)",
    trigger: Trigger | None = None,
    reason: str | None = None,
    counted: bool = True,
    missed_before: int = 0,
) -> Iterator[Report]:
    """What Argo CD tells of one deployment: its start, and its end if ``took`` says when that was."""
    name = f"{product}-{environment}-{at:%Y%m%d-%H%M%S}"
    facts = Facts(
        product=product,
        version=version,
        environment=environment,
        repository=f"https://github.com/acme/{product}",
        commit=commit(product, version),
        branch="main",
        images=(f"registry.example.com/acme/{product}:{version}",),
        deployed_by=by,
        trigger=trigger or (Trigger.AUTOMATED if "auto" in by else Trigger.MANUAL),
        missed_before=missed_before,
        links=Links(ui=f"{ARGOCD}/{product}", logs=f"https://logs.example.com/{name}"),
        application=ApplicationRef(namespace="argocd", name=product, uid=f"{product}-{environment}", history_id=7),
    )

    def told(status: Status, when: datetime) -> Report:
        ended = status.terminal
        return Report(
            id=name,
            telling=Telling(
                source=Source.ARGOCD,
                status=status,
                at=when,
                received_at=when + timedelta(seconds=1),
                raw_status={"started": "Running", "completed": "Succeeded, Healthy"}.get(status, "Failed"),
                body=f'{{"phase": "{status}", "revision": "{facts.commit}"}}',
                fingerprint=f"{name} {status}",
            ),
            facts=facts,
            started_at=at,
            finished_at=when if ended else None,
            settled_at=when if ended else None,
            reason=reason if ended else None,
            counted=counted,
        )

    yield told(Status.STARTED, at)
    if took is not None:
        yield told(status, at + took)


def build(product: str, version: str, *, at: datetime) -> BuildReport:
    """What CI tells of a build, with the commit's own time."""
    return BuildReport(
        id=f"build-{product}-{version}-{at:%Y%m%d%H%M}",
        telling=Telling(
            source=Source.VERSIONER,
            status=Status.COMPLETED,
            at=at,
            received_at=at,
            reporter="ci",
            raw_status="completed",
        ),
        facts=BuildFacts(
            product=product,
            version=version,
            repository=f"https://github.com/acme/{product}",
            commit=commit(product, version),
            branch="main",
            built_by="ci",
            links=Links(build=f"https://ci.example.com/acme/{product}/{version}"),
        ),
        started_at=at - timedelta(minutes=6),
        finished_at=at,
    )


def note(product: str, content: str, at: datetime) -> AnnotationReport:
    """What somebody noted by hand."""
    return AnnotationReport(
        id=f"note-{at:%Y%m%d-%H%M%S}",
        telling=Telling(
            source=Source.QUANTA, status=Status.COMPLETED, at=at, received_at=at, reporter="alice", raw_status="comment"
        ),
        facts=AnnotationFacts(
            product=product, environment="production", type=AnnotationType.CONFIG_CHANGE, content=content
        ),
    )


def commit(product: str, version: str) -> str:
    """As good as git's."""
    return sha1(f"{product} {version}".encode()).hexdigest()
