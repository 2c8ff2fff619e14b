"""DeploymentEvent, our kind: its spec and status as models, from which kube.crds makes the CRD.

Descriptions are what ``kubectl explain`` shows; what the API server refuses beyond these types stands in kube.rules.
``spec`` is what was reported and holds the whole record, so that one write makes it durable; ``status`` is what we
made of it and can be computed again at any time.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from deploytrail.record.admission import LONGEST_NAME, LONGEST_TEXT, MOST_ITEMS
from deploytrail.record.model import Source, Status, Trigger

GROUP = "deploytrail.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "DeploymentEvent"
PLURAL = "deploymentevents"


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("must not be blank")
    return name


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_not_blank)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]


class Part(BaseModel):
    """A part of an object: camelCase on the wire, unknown fields kept out by the CRD's schema, not refused here."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class LinksPart(Part):
    """Where to read more."""

    build: Text | None = Field(None, description="The CI run that made or deployed this version.")
    logs: Text | None = Field(None, description="The deployment's log.")
    ui: Text | None = Field(None, description="The deploying system's own page, such as the Argo CD Application.")


class ApplicationPart(Part):
    """The Argo CD Application a deployment belongs to."""

    namespace: Text = Field(description="Namespace of the Application.")
    name: Text = Field(description="Name of the Application.")
    uid: Text = Field(description="UID of the Application: a recreated one is another.")
    instance: Text | None = Field(
        None, description="Namespace of the Argo CD that manages it (status.controllerNamespace)."
    )
    history_id: int | None = Field(None, description="Id of the operation's entry in the Application's status.history.")
    revisions: list[Text] = Field(
        [], max_length=100, description="Resolved revisions, in the order of the Application's sources."
    )


class ReportPart(Part):
    """One accepted report: what was said, when, by whom."""

    source: Source = Field(description="Through which door it came.")
    status: Status = Field(description="The state it told of.")
    at: AwareDatetime = Field(description="When the state was reached, by the sender's clock.")
    received_at: AwareDatetime = Field(description="When Deploytrail heard of it.")
    reporter: Text | None = Field(None, description="Name of the key or user that reported it.")
    raw_status: Text | None = Field(None, description="The sender's own word for the state.")
    body: str | None = Field(None, max_length=1_100_000, description="The payload as it came.")
    fingerprint: Text = Field("", description="Digest of the content; the same report again changes nothing.")


class DeploymentEventSpec(Part):
    """What was reported about one deployment. Only product, environment and status must be given."""

    product: Name = Field(description="What was deployed: the product, service or component. Cannot be changed.")
    environment: Name = Field(description="Where it was deployed to, such as production. Cannot be changed.")
    status: Status = Field(
        description="Where it stands; moves forward only: pending, started, then completed, failed, aborted or unknown."
    )
    version: Name | None = Field(None, description="The version that was deployed. Cannot be changed once set.")
    started_at: AwareDatetime | None = Field(None, description="When the deployment began (RFC 3339).")
    finished_at: AwareDatetime | None = Field(
        None, description="When the deployment ended (RFC 3339); not before startedAt."
    )
    settled_at: AwareDatetime | None = Field(None, description="When the health of what was deployed became known.")
    repository: Text | None = Field(None, description="Git repository of the deployed code or manifests.")
    commit: Text | None = Field(None, description="Commit that was deployed, as reported; best as a full hash.")
    branch: Text | None = Field(None, description="Branch the commit was taken from.")
    images: list[Text] = Field([], max_length=MOST_ITEMS, description="Container images that were deployed.")
    deployed_by: Text | None = Field(None, description="Who set it off: a person, a bot, or argocd (automated).")
    trigger: Trigger | None = Field(None, description="What set it off; left out, kubectl.")
    partial: bool = Field(False, description="True when only some of the resources were deployed.")
    counted: bool = Field(True, description="Whether DORA metrics count this deployment; left out, they do.")
    reason: Text | None = Field(None, description="Why it has this status, or why it is not counted.")
    links: LinksPart | None = Field(None, description="Where to read more.")
    pull_requests: list[Text] = Field(
        [], max_length=MOST_ITEMS, description="Numbers of the pull requests that were deployed."
    )
    application: ApplicationPart | None = Field(None, description="The Argo CD Application, when Argo CD deployed it.")
    metadata: dict[str, Any] | None = Field(None, description="Whatever else is worth keeping, free in form.")
    source: Source | None = Field(None, description="Who told us first. Set by Deploytrail; left out, kubectl.")
    deployment_id: Annotated[str, Field(max_length=63)] | None = Field(
        None, description="Set by Deploytrail on records of its own; leave it out."
    )
    reports: list[ReportPart] = Field(
        [], max_length=200, description="Kept by Deploytrail: every report this record was made from. Leave it out."
    )


class StatePart(Part):
    """One state and when it was reached."""

    status: Status = Field(description="The state.")
    at: AwareDatetime = Field(description="When it was reached.")


class ConditionPart(Part):
    """A standard Kubernetes condition."""

    type: Text = Field(description="Recorded, Settled or Delivered.")
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$")] = Field(description="True, False or Unknown.")
    reason: Text = Field(description="One word for machines.")
    message: Text = Field(description="A sentence for people.")
    last_transition_time: AwareDatetime = Field(description="When the status last changed.")
    observed_generation: int | None = Field(None, description="The generation of spec that it speaks of.")


class DeploymentEventStatus(Part):
    """What Deploytrail made of the report. Written by Deploytrail alone."""

    phase: Annotated[str, Field(pattern="^(Progressing|Succeeded|Failed|Aborted|Unknown|Rejected)$")] | None = Field(
        None, description="The state in Kubernetes' words; Rejected when the report could not be recorded."
    )
    status: Status | None = Field(None, description="The recorded status.")
    event_type: Text | None = Field(None, description="The event that announces it, such as deployment.completed.")
    deployment_id: Text | None = Field(None, description="Id of the record, as in the HTTP API.")
    started_at: AwareDatetime | None = Field(None, description="When the deployment began.")
    finished_at: AwareDatetime | None = Field(None, description="When the deployment ended.")
    duration: Text | None = Field(None, description="Time from startedAt to finishedAt, such as 1m30s.")
    conditions: list[ConditionPart] = Field(
        [], max_length=16, description="Recorded, Settled and, once sinks exist, Delivered."
    )
    history: list[StatePart] = Field([], max_length=200, description="Every state with the time it was reached.")
    observed_generation: int | None = Field(None, description="The generation of spec this status was computed from.")
