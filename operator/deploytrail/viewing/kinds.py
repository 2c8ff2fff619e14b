"""What can be asked for: where it stands in the API, and the columns of its table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the field that it shows."""

    title: str
    field: str
    """With dots, where it stands in another."""
    form: str = "text"
    """How it is shown: see table."""
    wide: bool = False
    """Only with ``-o wide``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be asked for."""

    name: str
    path: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...]
    paged: bool = True


ENVIRONMENTS = Kind(
    "environments",
    "/api/v1/environments",
    (
        Column("ENVIRONMENT", "environment"),
        Column("PRODUCT", "product"),
        Column("VERSION", "version"),
        Column("AGE", "since", "age"),
        Column("BY", "deployed_by"),
        Column("COMMIT", "commit", "commit", wide=True),
        Column("DEPLOYMENT", "deployment_id", wide=True),
    ),
    ("environment", "env", "envs"),
    paged=False,
)

DEPLOYMENTS = Kind(
    "deployments",
    "/api/v1/deployments",
    (
        Column("PRODUCT", "product"),
        Column("VERSION", "version"),
        Column("ENVIRONMENT", "environment"),
        Column("STATUS", "status", "status"),
        Column("AGE", "finished_at|started_at|created_at", "age"),
        Column("BY", "deployed_by"),
        Column("TOOK", "duration", "seconds", wide=True),
        Column("TRIGGER", "trigger", wide=True),
        Column("COMMIT", "commit", "commit", wide=True),
        Column("SOURCE", "source", wide=True),
        Column("COUNTED", "counted", wide=True),
        Column("ID", "id", wide=True),
        Column("REASON", "reason", wide=True),
    ),
    ("deployment", "dep", "deps"),
)

BUILDS = Kind(
    "builds",
    "/api/v1/builds",
    (
        Column("PRODUCT", "product"),
        Column("VERSION", "version"),
        Column("STATUS", "status", "status"),
        Column("AGE", "finished_at|started_at|created_at", "age"),
        Column("COMMIT", "commit", "commit"),
        Column("BY", "built_by"),
        Column("TOOK", "duration", "seconds", wide=True),
        Column("BRANCH", "branch", wide=True),
        Column("SOURCE", "source", wide=True),
        Column("ID", "id", wide=True),
        Column("REASON", "reason", wide=True),
    ),
    ("build", "bld", "blds"),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (ENVIRONMENTS, DEPLOYMENTS, BUILDS)}
