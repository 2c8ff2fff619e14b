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
    aliases: tuple[str, ...] = ()


ENVIRONMENTS = Kind(
    "environments",
    "/api/v1/environments",
    (
        Column("ENVIRONMENT", "environment"),
        Column("PRODUCT", "product"),
        Column("VERSION", "version"),
        Column("AGE", "since", "age"),
        Column("BY", "deployed_by"),
        Column("LATEST", "latest.status", "status"),
        Column("PREVIOUS", "previous", wide=True),
        Column("COMMIT", "commit", "commit", wide=True),
        Column("DEPLOYMENT", "deployment_id", wide=True),
    ),
    ("environment", "env", "envs"),
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

DORA = Kind(
    "dora",
    "/api/v1/dora",
    (
        Column("NAME", "name"),
        Column("COUNTED", "deployments"),
        Column("A DAY", "deployment_frequency.value", "number"),
        Column("LEAD TIME", "lead_time.value", "seconds"),
        Column("FAILURES", "change_failure_rate.value", "percent"),
        Column("RECOVERY", "failed_deployment_recovery_time.value", "seconds"),
        Column("REWORK", "rework_rate.value", "percent"),
        Column("NOT COUNTED", "not_counted", "sum"),
        Column("FREQUENCY BAND", "deployment_frequency.band", wide=True),
        Column("LEAD TIME BAND", "lead_time.band", wide=True),
        Column("FAILURES BAND", "change_failure_rate.band", wide=True),
        Column("RECOVERY BAND", "failed_deployment_recovery_time.band", wide=True),
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (ENVIRONMENTS, DEPLOYMENTS, BUILDS, DORA)}
