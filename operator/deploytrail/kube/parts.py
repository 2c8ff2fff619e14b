"""What our kinds are put together from. Descriptions are what ``kubectl explain`` shows."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from deploytrail.record.admission import LONGEST_NAME, LONGEST_TEXT
from deploytrail.record.model import Source, Status


def _not_blank(name: str) -> str:
    if not name.strip():
        raise ValueError("must not be blank")
    return name


Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_not_blank)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Identifier = Annotated[str, Field(max_length=63)]


class Part(BaseModel):
    """A part of an object: camelCase on the wire, unknown fields kept out by the CRD's schema, not refused here."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class LinksPart(Part):
    """Where to read more."""

    build: Text | None = Field(None, description="The CI run that made or deployed this version.")
    logs: Text | None = Field(None, description="The log.")
    ui: Text | None = Field(None, description="The system's own page, such as the Argo CD Application.")


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


class ResourcePart(Part):
    """The object that somebody applied."""

    namespace: Identifier = Field(description="Where it was.")
    name: Annotated[str, Field(max_length=253)] = Field(description="What it was called.")
    uid: Identifier = Field(description="Its UID.")


class AttemptPart(Part):
    """Which of a series it is. Reports of a sender without ids join the newest of their series, or begin the next."""

    series: Identifier = Field(description="What the sender calls the same.")
    number: int = Field(ge=1, description="Which of them, counted from 1.")


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


class MarkPart(Part):
    """What a person said of a deployment. The last one holds."""

    at: AwareDatetime = Field(description="When it was said.")
    by: Text = Field(description="Name of the key with which it was said.")
    failure: bool | None = Field(None, description="Whether it was a failure; left out, the definitions tell.")
    counted: bool | None = Field(None, description="Whether DORA metrics count it; left out, its source says so.")
    comment: Text | None = Field(None, description="Why.")


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
