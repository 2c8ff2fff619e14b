"""Our kinds: their spec and status as models, from which kube.crds makes the CRDs.

What the API server refuses beyond these types stands in kube.rules. ``spec`` is what was reported and holds the whole
record, so that one write makes it durable; ``status`` is what we made of it and can be computed again at any time.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from deploytrail.kube.parts import (
    ApplicationPart,
    AttemptPart,
    ConditionPart,
    Identifier,
    LinksPart,
    MarkPart,
    Name,
    Part,
    ReportPart,
    ResourcePart,
    StatePart,
    Text,
)
from deploytrail.record.admission import LONGEST_CONTENT, MOST_ITEMS, MOST_REPORTS
from deploytrail.record.marks import MOST_MARKS
from deploytrail.record.model import AnnotationType, Source, Status, Trigger

GROUP = "deploytrail.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

BuildStatus = Literal[Status.PENDING, Status.STARTED, Status.COMPLETED, Status.FAILED, Status.ABORTED]


class RecordSpec(Part):
    """What every record of ours holds."""

    product: Name = Field(description="The product, service or component. Cannot be changed.")
    metadata: dict[str, Any] | None = Field(None, description="Whatever else is worth keeping, free in form.")
    source: Source | None = Field(None, description="Who told us first. Set by Deploytrail; left out, kubectl.")
    attempt: AttemptPart | None = Field(
        None, description="Set by Deploytrail on records whose sender has no ids; leave it out."
    )
    resource: ResourcePart | None = Field(
        None, description="Set by Deploytrail on records that it moved: the object that somebody had applied."
    )
    reports: list[ReportPart] = Field(
        [],
        max_length=MOST_REPORTS,
        description="Kept by Deploytrail: every report this record was made from. Leave it out.",
    )
    derivation: int | None = Field(
        None,
        ge=1,
        description="Set by Deploytrail: how often this record was derived again from its reports; leave it out.",
    )


class CodeSpec(RecordSpec):
    """What builds and deployments have in common."""

    version: Name | None = Field(None, description="The version that was deployed. Cannot be changed once set.")
    started_at: AwareDatetime | None = Field(None, description="When it began (RFC 3339).")
    finished_at: AwareDatetime | None = Field(None, description="When it ended (RFC 3339); not before startedAt.")
    repository: Text | None = Field(None, description="Git repository of the code or manifests.")
    commit: Text | None = Field(None, description="The commit, as reported; best as a full hash.")
    committed_at: AwareDatetime | None = Field(None, description="When the commit was made (RFC 3339).")
    branch: Text | None = Field(None, description="Branch the commit was taken from.")
    images: list[Text] = Field([], max_length=MOST_ITEMS, description="Container images.")
    reason: Text | None = Field(None, description="Why it has this status, or why it is not counted.")
    links: LinksPart | None = Field(None, description="Where to read more.")
    version_conflict: Text | None = Field(
        None, description="Set by Deploytrail: the commit this version was first seen with, when it is another."
    )


class DeploymentEventSpec(CodeSpec):
    """What was reported about one deployment. Only product, environment and status must be given."""

    product: Name = Field(description="What was deployed: the product, service or component. Cannot be changed.")
    environment: Name = Field(description="Where it was deployed to, such as production. Cannot be changed.")
    status: Status = Field(
        description="Where it stands; moves forward only: pending, started, then completed, failed, aborted or unknown."
    )
    settled_at: AwareDatetime | None = Field(None, description="When the health of what was deployed became known.")
    deployed_by: Text | None = Field(None, description="Who set it off: a person, a bot, or argocd (automated).")
    trigger: Trigger | None = Field(None, description="What set it off; left out, kubectl.")
    partial: bool = Field(False, description="True when only some of the resources were deployed.")
    missed_before: int = Field(
        0, ge=0, description="Set by Deploytrail: how many deployments right before this one are known to be lost."
    )
    counted: bool = Field(True, description="Whether DORA metrics count this deployment; left out, they do.")
    marks: list[MarkPart] = Field(
        [],
        max_length=MOST_MARKS,
        description="Set by Deploytrail: what people said of it, oldest first. Leave it out.",
    )
    pull_requests: list[Text] = Field(
        [], max_length=MOST_ITEMS, description="Numbers of the pull requests that were deployed."
    )
    application: ApplicationPart | None = Field(None, description="The Argo CD Application, when Argo CD deployed it.")
    deployment_id: Identifier | None = Field(
        None, description="Set by Deploytrail on records of its own; leave it out."
    )


class BuildEventSpec(CodeSpec):
    """What was reported about one build. Only product, version and status must be given."""

    product: Name = Field(description="What was built: the product, service or component. Cannot be changed.")
    version: Name = Field(description="The version that was built. Cannot be changed.")
    status: BuildStatus = Field(
        description="Where it stands; moves forward only: pending, started, then completed, failed or aborted."
    )
    built_by: Text | None = Field(None, description="Who or what built it.")
    build_id: Identifier | None = Field(None, description="Set by Deploytrail on records of its own; leave it out.")


class AnnotationSpec(RecordSpec):
    """Something that happened and is no deployment. Written by Deploytrail alone."""

    environment: Name | None = Field(None, description="Where it happened, such as production. Cannot be changed.")
    type: AnnotationType = Field(description="What kind of thing it was. Cannot be changed.")
    content: Annotated[str, Field(max_length=LONGEST_CONTENT)] = Field(description="What was said of it.")
    annotation_id: Identifier = Field(description="Id of the record, as in the HTTP API.")


class VersionSpec(Part):
    """Which commit a version of a product is, for ever. Written by Deploytrail alone; deleting it frees the version."""

    product: Name = Field(description="The product, service or component. Cannot be changed.")
    version: Name = Field(description="The version. Cannot be changed.")
    commit: Annotated[str, Field(pattern="^[0-9a-f]{4,64}$", max_length=64)] = Field(
        description="The commit it was first seen with, as long as anybody has spelt it out."
    )
    first_seen_at: AwareDatetime = Field(description="When Deploytrail first heard of it.")
    source: Source = Field(description="Who told of it first.")
    record: Identifier = Field(description="Id of the record that told of it first.")
    kind: Literal["DeploymentEvent", "BuildEvent"] = Field(description="What that record is.")
    namespace: Identifier = Field(description="Where that record is.")
    name: Annotated[str, Field(max_length=253)] = Field(description="What that record is called.")


class RecordStatus(Part):
    """What Deploytrail made of the report. Written by Deploytrail alone."""

    phase: Annotated[str, Field(pattern="^(Progressing|Succeeded|Failed|Aborted|Unknown|Rejected)$")] | None = Field(
        None, description="The state in Kubernetes' words; Rejected when the report could not be recorded."
    )
    status: Status | None = Field(None, description="The recorded status.")
    event_type: Text | None = Field(None, description="The event that announces it, such as deployment.completed.")
    started_at: AwareDatetime | None = Field(None, description="When it began.")
    finished_at: AwareDatetime | None = Field(None, description="When it ended.")
    duration: Text | None = Field(None, description="Time from startedAt to finishedAt, such as 1m30s.")
    conditions: list[ConditionPart] = Field(
        [], max_length=16, description="Recorded, Settled and, once sinks exist, Delivered."
    )
    history: list[StatePart] = Field(
        [], max_length=MOST_REPORTS, description="Every state with the time it was reached."
    )
    observed_generation: int | None = Field(None, description="The generation of spec this status was computed from.")


class DeploymentEventStatus(RecordStatus):
    """What Deploytrail made of the report. Written by Deploytrail alone."""

    deployment_id: Text | None = Field(None, description="Id of the record, as in the HTTP API.")
    marks: list[MarkPart] = Field(
        [],
        max_length=MOST_MARKS,
        description="What people said of a deployment that was applied, oldest first; of others it is in spec.",
    )


class BuildEventStatus(RecordStatus):
    """What Deploytrail made of the report. Written by Deploytrail alone."""

    build_id: Text | None = Field(None, description="Id of the record, as in the HTTP API.")
