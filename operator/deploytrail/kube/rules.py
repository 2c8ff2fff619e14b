"""What the API server itself refuses, and the sentence it says: CEL rules, by the field they stand at.

Rules that speak of one field stand at the field, so that the refusal names it; ``oldSelf`` makes a rule hold for
changes only. https://kubernetes.io/docs/reference/using-api/cel/
"""

from typing import TypeAlias

from deploytrail.record.model import Status

Rule: TypeAlias = dict[str, str]


def _rule(rule: str, message: str, **more: str) -> Rule:
    return {"rule": rule, "message": message, **more}


def _not_blank(field: str) -> Rule:
    return _rule("self.trim() != ''", f"{field} must not be blank")


def _for_ever(field: str) -> Rule:
    return _rule("self == oldSelf", f"{field} cannot be changed: what differs in it is another deployment")


def _once_set(field: str) -> Rule:
    return _rule(
        f"!has(oldSelf.{field}) || has(self.{field}) && self.{field} == oldSelf.{field}",
        f"{field} cannot be changed once it is set",
        fieldPath=f".{field}",
    )


def _ours(field: str, rule: str) -> Rule:
    return _rule(rule, f"{field} is set by Deploytrail on records of its own: leave it out", fieldPath=f".{field}")


_RANKS = "{" + ", ".join(f"'{status.value}': {status.rank}" for status in Status) + "}"

OBJECT = [
    _rule(
        "!has(self.spec.deploymentId) || self.spec.deploymentId == self.metadata.name",
        "deploymentId is set by Deploytrail on records of its own, which are named by it: leave it out",
        fieldPath=".spec.deploymentId",
    )
]
"""At the object as a whole. Who may write is not visible to CEL: that a record is genuine rests on RBAC."""

SPEC = [
    _once_set("version"),
    _once_set("deploymentId"),
    _rule(
        "!has(self.startedAt) || !has(self.finishedAt) || self.startedAt <= self.finishedAt",
        "finishedAt is before startedAt",
        fieldPath=".finishedAt",
    ),
    _rule(
        "!has(self.startedAt) || !has(self.settledAt) || self.startedAt <= self.settledAt",
        "settledAt is before startedAt",
        fieldPath=".settledAt",
    ),
    # Only of what people apply: other sources' commits are kept as they were told.
    _rule(
        "!has(self.commit) || has(self.deploymentId) || self.commit.matches('^[0-9A-Fa-f]{4,64}$')",
        "commit must be a commit hash of 4 to 64 hexadecimal digits",
        fieldPath=".commit",
    ),
    _ours("source", "!has(self.source) || self.source == 'kubectl' || has(self.deploymentId)"),
    _ours("reports", "!has(self.reports) || size(self.reports) == 0 || has(self.deploymentId)"),
]
"""At ``spec``."""

FIELDS = {
    "product": [_not_blank("product"), _for_ever("product")],
    "environment": [_not_blank("environment"), _for_ever("environment")],
    "version": [_not_blank("version")],
    "status": [
        _rule(
            f"{_RANKS}[self] >= {_RANKS}[oldSelf]",
            "status only moves forward: pending, started, then completed, failed, aborted or unknown",
            messageExpression="'status only moves forward: ' + oldSelf + ' cannot become ' + self",
        )
    ],
}
"""At the fields of ``spec``."""
