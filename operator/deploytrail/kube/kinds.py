"""Our kinds as people meet them: names, columns, and what they can be selected by."""

from dataclasses import dataclass

from deploytrail.kube import rules
from deploytrail.kube.parts import Part
from deploytrail.kube.resources import (
    AnnotationSpec,
    BuildEventSpec,
    BuildEventStatus,
    DeploymentEventSpec,
    DeploymentEventStatus,
    VersionSpec,
)
from deploytrail.kube.rules import Rules
from deploytrail.kube.schema import JSON


@dataclass(frozen=True, slots=True)
class Definition:
    """What a CustomResourceDefinition is made from."""

    name: str
    plural: str
    short_name: str
    description: str
    spec: type[Part]
    rules: Rules
    columns: list[JSON]
    selectable: tuple[str, ...]
    status: type[Part] | None = None
    """None for kinds that Deploytrail alone writes: they have nothing to be told."""


def _column(name: str, path: str, description: str, *, kind: str = "string", wide: bool = False) -> JSON:
    column: JSON = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return {**column, "priority": 1} if wide else column


_AGE = _column("Age", ".metadata.creationTimestamp", "When it was reported.", kind="date")
_DETAILS = (
    _column("Duration", ".status.duration", "From start to end.", wide=True),
    _column("Commit", ".spec.commit", "Which commit.", wide=True),
    _column("Source", ".spec.source", "Who told us.", wide=True),
    _column(
        "Recorded", ".status.conditions[?(@.type=='Recorded')].status", "Whether the report was accepted.", wide=True
    ),
)

KINDS = (
    Definition(
        name="DeploymentEvent",
        plural="deploymentevents",
        short_name="dep",
        description="One deployment: a version of a product brought into an environment, once.",
        spec=DeploymentEventSpec,
        status=DeploymentEventStatus,
        rules=rules.DEPLOYMENT,
        columns=[
            _column("Product", ".spec.product", "What was deployed."),
            _column("Version", ".spec.version", "Which version of it."),
            _column("Environment", ".spec.environment", "Where to."),
            _column("Status", ".spec.status", "Where the deployment stands, as reported."),
            *_DETAILS,
            _AGE,
        ],
        selectable=(".spec.product", ".spec.environment"),
    ),
    Definition(
        name="BuildEvent",
        plural="buildevents",
        short_name="bld",
        description="One build: a version of a product made, once.",
        spec=BuildEventSpec,
        status=BuildEventStatus,
        rules=rules.BUILD,
        columns=[
            _column("Product", ".spec.product", "What was built."),
            _column("Version", ".spec.version", "Which version of it."),
            _column("Status", ".spec.status", "Where the build stands, as reported."),
            *_DETAILS,
            _AGE,
        ],
        selectable=(".spec.product", ".spec.version"),
    ),
    Definition(
        name="Annotation",
        plural="annotations",
        short_name="note",
        description="Something that happened and is no deployment: kept on the timeline, never counted.",
        spec=AnnotationSpec,
        rules=rules.ANNOTATION,
        columns=[
            _column("Type", ".spec.type", "What kind of thing it was."),
            _column("Product", ".spec.product", "To what it happened."),
            _column("Environment", ".spec.environment", "Where it happened."),
            _column("Content", ".spec.content", "What was said of it."),
            _column("Source", ".spec.source", "Who told us.", wide=True),
            _AGE,
        ],
        selectable=(".spec.product", ".spec.type"),
    ),
    Definition(
        name="Version",
        plural="versions",
        short_name="ver",
        description="The one commit that a version of a product is. The API server lets only one be the first.",
        spec=VersionSpec,
        rules=rules.VERSION,
        columns=[
            _column("Product", ".spec.product", "The product."),
            _column("Version", ".spec.version", "Its version."),
            _column("Commit", ".spec.commit", "The commit that this version is."),
            _column("First seen", ".spec.firstSeenAt", "When it was first heard of.", kind="date"),
            _column("Source", ".spec.source", "Who told of it first.", wide=True),
        ],
        selectable=(".spec.product", ".spec.version"),
    ),
)
