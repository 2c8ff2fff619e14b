"""Versions: (product, version) has one commit for ever, over all sources. The first commit seen sets it."""

import re
from typing import Any

from deploytrail.record.identity import version_id
from deploytrail.record.model import AnyReport, Binding, CodeFacts, Frozen, Instant, Source

MOVING = frozenset(
    {"latest", "main", "master", "trunk", "head", "dev", "develop", "edge", "nightly", "snapshot", "stable", "canary"}
)
"""Tags that name whatever was pushed last: no lenient sender means one commit by them."""

_COMMIT = re.compile(r"(?!0+$)[0-9a-f]{4,64}")


class Version(Frozen):
    """Which commit a version of a product is."""

    id: str
    product: str
    version: str
    commit: str
    """Lower case, and as long as anybody has spelt it out."""
    first_seen_at: Instant
    source: Source
    """Who told of it first."""
    record: str
    """Id of the record that told of it first."""


def claim_of(report: AnyReport[Any]) -> Version | None:
    """The version as the report would have it, or None when it says nothing of a version's commit."""
    facts, telling = report.facts, report.telling
    if report.binding is Binding.NONE or not isinstance(facts, CodeFacts) or facts.version is None:
        return None
    commit = comparable(facts.commit)
    if commit is None or (report.binding is Binding.LENIENT and _vague(facts.version, commit, facts.branch)):
        return None
    return Version(
        id=version_id(product=facts.product, version=facts.version),
        product=facts.product,
        version=facts.version,
        commit=commit,
        first_seen_at=telling.received_at,
        source=telling.source,
        record=report.id,
    )


def bind(bound: Version | None, claim: Version) -> Version | None:
    """The version after the claim: ``claim`` itself when it is the first, ``bound`` itself when nothing changes.

    None when the version has another commit.
    """
    if bound is None:
        return claim
    if not same_commit(bound.commit, claim.commit):
        return None
    if len(claim.commit) <= len(bound.commit):
        return bound
    return bound.model_copy(update={"commit": claim.commit})


def same_commit(one: str, other: str) -> bool:
    """Whether both can be the same commit: equal, or one abbreviates the other, whatever the case."""
    one, other = one.lower(), other.lower()
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return comparable(shorter) is not None and longer.startswith(shorter)


def comparable(commit: str | None) -> str | None:
    """The commit in lower case, if it is one: at least git's four hexadecimal digits, and not its null hash."""
    told = commit.strip().lower() if commit else ""
    return told if _COMMIT.fullmatch(told) else None


def _vague(version: str, commit: str, branch: str | None) -> bool:
    """Whether the version names no one commit, or is the commit."""
    return version.lower() in MOVING or version == branch or commit.startswith(version.lower())
