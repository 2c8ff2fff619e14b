"""How Applications are read: which ones, under which names they are recorded, and when a verdict is believed."""

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from deploytrail.mapping.rules import Rules
from deploytrail.record.rollout import Policy
from deploytrail.written import Duration, Listed, Mapped


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

    def follows(self, namespace: str) -> bool:
        """Whether Applications of this namespace are followed."""
        return any(fnmatchcase(namespace, pattern) for pattern in self.namespaces)

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
