"""What the API server itself refuses, and the sentence it says: CEL rules, by the field they stand at.

Rules that speak of one field stand at the field, or name it as their path, so that the refusal names it; ``oldSelf``
makes a rule hold for changes only. https://kubernetes.io/docs/reference/using-api/cel/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from deploytrail.record.model import Status

Rule: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one kind. Who may write is not visible to CEL: that a record is genuine rests on RBAC."""

    whole: list[Rule] = field(default_factory=list)
    """At the object as a whole."""
    spec: list[Rule] = field(default_factory=list)
    """At ``spec``."""
    fields: Mapping[str, list[Rule]] = field(default_factory=dict)
    """At the fields of ``spec``."""


def _rule(rule: str, message: str, **more: str) -> Rule:
    return {"rule": rule, "message": message, **more}


def _not_blank(field: str) -> Rule:
    return _rule("self.trim() != ''", f"{field} must not be blank")


_DERIVED = "has(self.derivation) && (!has(oldSelf.derivation) || self.derivation > oldSelf.derivation)"
"""The write says that the record was derived again: then a mended mapping may say anything anew."""


def _change(rule: str, message: str, field: str, **more: str) -> Rule:
    """What holds for a change that is no new derivation."""
    return _rule(f"({_DERIVED}) || ({rule})", message, fieldPath=f".{field}", **more)


def _for_ever(field: str, other: str) -> Rule:
    return _change(
        f"self.{field} == oldSelf.{field}", f"{field} cannot be changed: what differs in it is another {other}", field
    )


def _once_set(field: str, *, unless: str = "") -> Rule:
    excepted = f"{unless} || " if unless else ""
    return _change(
        f"{excepted}!has(oldSelf.{field}) || has(self.{field}) && self.{field} == oldSelf.{field}",
        f"{field} cannot be changed once it is set",
        field,
    )


def _marked(marker: str) -> list[Rule]:
    """A record of ours stays one, and is never derived less often than it was."""
    return [
        _rule(
            f"!has(oldSelf.{marker}) || has(self.{marker}) && self.{marker} == oldSelf.{marker}",
            f"{marker} cannot be changed once it is set",
            fieldPath=f".{marker}",
        ),
        _rule(
            "!has(oldSelf.derivation) || has(self.derivation) && self.derivation >= oldSelf.derivation",
            "derivation counts up",
            fieldPath=".derivation",
        ),
    ]


def _not_before(field: str, start: str = "startedAt") -> Rule:
    return _rule(
        f"!has(self.{start}) || !has(self.{field}) || self.{start} <= self.{field}",
        f"{field} is before {start}",
        fieldPath=f".{field}",
    )


def _named_by(marker: str) -> Rule:
    return _rule(
        f"!has(self.spec.{marker}) || self.spec.{marker} == self.metadata.name",
        f"{marker} is set by Deploytrail on records of its own, which are named by it: leave it out",
        fieldPath=f".spec.{marker}",
    )


def _left_to_us(marker: str, **more: str) -> list[Rule]:
    conditions = {
        "source": "!has(self.source) || self.source == 'kubectl'",
        "reports": "!has(self.reports) || size(self.reports) == 0",
        "attempt": "!has(self.attempt)",
        "derivation": "!has(self.derivation)",
        "resource": "!has(self.resource)",
        "versionConflict": "!has(self.versionConflict)",
        **more,
    }
    return [
        _rule(
            f"{condition} || has(self.{marker})",
            f"{name} is set by Deploytrail on records of its own: leave it out",
            fieldPath=f".{name}",
        )
        for name, condition in conditions.items()
    ]


def _commit_of(marker: str) -> Rule:
    """Only of what people apply: other sources' commits are kept as they were told."""
    return _rule(
        f"!has(self.commit) || has(self.{marker}) || self.commit.matches('^[0-9A-Fa-f]{{4,64}}$')",
        "commit must be a commit hash of 4 to 64 hexadecimal digits",
        fieldPath=".commit",
    )


_RANKS = "{" + ", ".join(f"'{status.value}': {status.rank}" for status in Status) + "}"


def _forward(ends: str) -> Rule:
    return _change(
        f"{_RANKS}[self.status] >= {_RANKS}[oldSelf.status]",
        f"status only moves forward: pending, started, then {ends}",
        "status",
        messageExpression="'status only moves forward: ' + oldSelf.status + ' cannot become ' + self.status",
    )


DEPLOYMENT = Rules(
    whole=[_named_by("deploymentId")],
    spec=[
        # Argo CD may take in another revision while it retries: our own records say what it was in the end.
        _once_set("version", unless="has(self.deploymentId)"),
        _for_ever("product", "deployment"),
        _for_ever("environment", "deployment"),
        _forward("completed, failed, aborted or unknown"),
        *_marked("deploymentId"),
        _not_before("finishedAt"),
        _not_before("settledAt"),
        _commit_of("deploymentId"),
        *_left_to_us("deploymentId", marks="!has(self.marks) || size(self.marks) == 0"),
    ],
    fields={
        "product": [_not_blank("product")],
        "environment": [_not_blank("environment")],
        "version": [_not_blank("version")],
    },
)

BUILD = Rules(
    whole=[_named_by("buildId")],
    spec=[
        _change(
            "!has(oldSelf.commit) || has(self.commit)"
            " && self.commit.lowerAscii().startsWith(oldSelf.commit.lowerAscii())",
            "commit cannot be changed once it is set, only spelt out",
            "commit",
        ),
        _for_ever("product", "build"),
        _for_ever("version", "build"),
        _forward("completed, failed or aborted"),
        *_marked("buildId"),
        _not_before("finishedAt"),
        _commit_of("buildId"),
        *_left_to_us("buildId"),
    ],
    fields={
        "product": [_not_blank("product")],
        "version": [_not_blank("version")],
    },
)

ANNOTATION = Rules(
    whole=[_named_by("annotationId")],
    spec=[
        _once_set("environment"),
        *(_for_ever(name, "annotation") for name in ("product", "type", "content")),
        *_marked("annotationId"),
    ],
)

VERSION = Rules(
    spec=[
        _rule(
            "self.commit.startsWith(oldSelf.commit) || self.record != oldSelf.record",
            "a version has one commit for ever: it can be spelt out, not changed",
            fieldPath=".commit",
        )
    ],
    fields={
        name: [_rule("self == oldSelf", f"{name} cannot be changed: what differs in it is another version")]
        for name in ("product", "version")
    },
)
