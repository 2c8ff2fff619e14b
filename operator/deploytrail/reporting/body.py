"""The body of an event, in the format of Versioner's Event Tracking API. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from deploytrail.errors import Misconfigured
from deploytrail.remote.variables import PREFIX
from deploytrail.reporting.facts import Facts
from deploytrail.reporting.statuses import Status


class Kind(StrEnum):
    """What is reported."""

    DEPLOYMENT = "deployment"
    BUILD = "build"

    @property
    def path(self) -> str:
        """Where it is posted to, below the base URL."""
        return f"/{self.value}-events/"


_REQUIRED = {Kind.DEPLOYMENT: ("product", "version", "environment"), Kind.BUILD: ("product", "version")}

_NAMES = {
    "product": "product_name",
    "version": "version",
    "environment": "environment_name",
    "commit": "scm_sha",
    "branch": "scm_branch",
    "repository": "scm_repository",
    "build_number": "build_number",
    "build_url": "build_url",
    "source_system": "source_system",
    "invoke_id": "invoke_id",
}
_EXTRA = ("committed_at",)
"""What the format has no field for."""


def build_body(kind: Kind, facts: Facts, status: Status, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What is posted. Raises Misconfigured when something is not known that every event must have."""
    for field in _REQUIRED[kind]:
        if field not in facts:
            raise Misconfigured(f"the {field} is not known: say --{field}, or set {PREFIX}{field.upper()}")
    names = _NAMES | {"actor": "built_by" if kind is Kind.BUILD else "deployed_by"}
    if kind is Kind.BUILD:
        del names["environment"]
    body: dict[str, Any] = {names[field]: value for field, value in facts.items() if field in names}
    body["status"] = status
    more = {name: facts[name] for name in _EXTRA if name in facts} | dict(metadata)
    if more:
        body["extra_metadata"] = more
    return body


def describe(kind: Kind, body: Mapping[str, Any]) -> str:
    """The event in a few words, for whoever reads the job's log."""
    where = f" to {body['environment_name']}" if kind is Kind.DEPLOYMENT else ""
    return f"{kind} of {body['product_name']} {body['version']}{where}: {body['status']}"
