"""How Applications are read: which ones, under which names they are recorded, and when a verdict is believed."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from deploytrail.mapping.rules import Rules
from deploytrail.record.rollout import Policy

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _parse_duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError("write a duration like 30s, 5m or 1h30m")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _parse_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _parse_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not key.strip() or not to.strip() for key, _, to in pairs):
        raise ValueError("write a map like name=environment,other=environment")
    return {key.strip(): to.strip() for key, _, to in pairs}


Duration = Annotated[timedelta, BeforeValidator(_parse_duration), Field(ge=timedelta(0))]
"""As Go writes it: 30s, 5m, 1h30m."""

Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_list)]
"""Comma-separated in flags and variables, a list in the file."""

Mapped = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_parse_map)]
"""name=value pairs, comma-separated, in flags and variables; a mapping in the file."""


class ArgocdSettings(BaseModel):
    """Settings of the argocd source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespaces: Listed = Field(
        ("*",), min_length=1, description="Namespaces of the Applications to follow, with * and ? as in file names."
    )
    selector: str = Field("", description="Label selector of the Applications to follow, as kubectl takes it.")
    hold: Duration = Field(
        timedelta(seconds=5), description="How long a health that changed since the sync must hold to be believed."
    )
    settle: Duration = Field(
        timedelta(seconds=30), description="The same for a health that did not change, as with ConfigMaps."
    )
    deadline: Duration = Field(
        timedelta(hours=1), description="How long after the sync a verdict is awaited before it is unknown."
    )
    track_partial: bool = Field(
        True, description="Whether partial syncs and self-heals are recorded; they never count."
    )
    backfill: Literal["none", "history"] = Field(
        "none",
        description="What to record of the time before the installation: none (only what runs now), or history.",
    )
    url: str = Field("", pattern=r"^(https?://\S+)?$", description="Base URL of the Argo CD UI, for links.")
    environments_by_cluster: Mapped = Field(
        {}, description="Environment by destination cluster, its name or server URL."
    )
    environments_by_project: Mapped = Field({}, description="Environment by Argo CD project.")
    environments_by_namespace: Mapped = Field({}, description="Environment by destination namespace.")

    @property
    def policy(self) -> Policy:
        """When a verdict is believed."""
        return Policy(hold=self.hold, settle=self.settle, deadline=self.deadline, track_partial=self.track_partial)

    @property
    def rules(self) -> Rules:
        """Under which names Applications are recorded."""
        return Rules(
            clusters=self.environments_by_cluster,
            projects=self.environments_by_project,
            namespaces=self.environments_by_namespace,
            ui=self.url or None,
        )
