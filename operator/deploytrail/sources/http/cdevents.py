"""CDEvents over CloudEvents' HTTP binding: binary, structured, batched, and bare as curl sends it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.mapping import purl
from deploytrail.mapping.cdevents import MEANINGS, Meaning, Tells, parse_outcome, parse_type
from deploytrail.mapping.purl import Purl
from deploytrail.mapping.repositories import normalise
from deploytrail.record.identity import cdevents_id
from deploytrail.record.model import (
    Annotation,
    AnnotationFacts,
    AnnotationReport,
    AnnotationType,
    Binding,
    Build,
    BuildFacts,
    BuildReport,
    Deployment,
    Facts,
    Links,
    Repeat,
    Report,
    Source,
    Status,
    Telling,
    Trigger,
)
from deploytrail.record.version import comparable
from deploytrail.sources.http.dialect import (
    BEARER,
    Answer,
    Dialect,
    DocPage,
    Ignored,
    Request,
    bearer,
    code_of,
    fingerprint,
    in_words,
)
from deploytrail.sources.http.envelope import BATCHED, JSON, STRUCTURED, open_envelope
from deploytrail.sources.http.fields import Given, Number, Time, Told


class Part(BaseModel):
    """A part of an event: what is not read is kept in the report's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Context(Part):
    """What every event says of itself."""

    id: Given
    source: Given
    type: Given
    timestamp: Time
    chainId: Told = None  # noqa: N815 - as it is called


class Thing(Part):
    """Something that has an id: an environment, a change, a service."""

    id: Told = None

    @model_validator(mode="before")
    @classmethod
    def _id_alone(cls, value: object) -> object:
        return {"id": value} if isinstance(value, str) else value


class Content(Part):
    """What is said of the subject; which of it, depends on the type."""

    environment: Thing = Thing()
    artifactId: Told = None  # noqa: N815
    pipelineName: Told = None  # noqa: N815
    taskName: Told = None  # noqa: N815
    outcome: Told = None
    errors: Told = None
    uri: Told = None
    change: Thing = Thing()
    service: Thing = Thing()


class Subject(Part):
    """What the event is about."""

    id: Given
    source: Told = None
    content: Content = Content()


class Custom(BaseModel):
    """What CDEvents has no words for, by the names of the read API. Where it is said here, it goes before."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    product: Told = None
    version: Number = None
    environment: Told = None
    commit: Told = None
    branch: Told = None
    repository: Told = None
    deployed_by: Told = None
    outcome: Told = None


class CDEvent(BaseModel):
    """One event, without the envelope."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    context: Context
    subject: Subject
    customData: Custom | str = Field(Custom(), union_mode="left_to_right")  # noqa: N815
    customDataContentType: Told = None  # noqa: N815

    @property
    def custom(self) -> Custom:
        """What the sender added in a form that can be read."""
        return self.customData if isinstance(self.customData, Custom) else Custom()

    @property
    def artifact(self) -> Purl | None:
        """What was built or deployed."""
        named = self.subject.content.artifactId
        return purl.parse(named) if named is not None else None


def parse(request: Request) -> Report | BuildReport | AnnotationReport | Ignored:
    """The report an event makes. One that is sound and tells nothing that is recorded is ignored."""
    envelope, document = open_envelope(request)
    kind = parse_type(_type_of(envelope, document))
    if kind is None or kind not in MEANINGS:
        return Ignored("nothing is recorded of events of this type")
    if "data_base64" in request.document:  # what is hidden in it escaped the checks of the body
        raise Rejected("the event must stand in data, not in data_base64", reason="invalid-field", field="data_base64")
    try:
        event = CDEvent.model_validate(document)
    except ValidationError as error:
        raise _rejection(error) from None
    meaning = MEANINGS[kind]
    match meaning.tells:
        case Tells.DEPLOYMENT:
            return _deployed(event, request, rollback=kind[1] == "rolledback")
        case Tells.RUN:
            return _run(event, request, subject=kind[0], meaning=meaning)
        case Tells.ARTIFACT:
            return _artifact(event, request)
        case Tells.NOTE:
            return _note(event, request, what=f"service {kind[1]}")


def answer(record: Deployment | Build | Annotation) -> Answer:
    """Senders read no more than the code."""
    return Answer(200, {"id": record.id})


def refuse(error: DeploytrailError) -> Answer:
    """``{"error": ...}``."""
    return Answer(code_of(error), {"error": _explain(error)})


_CDEVENTS_NAMES: Mapping[str, str] = {
    "product": "the product",
    "version": "the version",
    "environment": "environment.id",
    "finished_at": "context.timestamp",
    "started_at": "context.timestamp",
    "links.build": "uri",
}


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected():
            return in_words(error, _CDEVENTS_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _type_of(envelope: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    context = document.get("context")
    told = context.get("type") if isinstance(context, Mapping) else None
    if told is None:
        told = envelope.get("type")
    if not isinstance(told, str):
        raise Rejected("context.type is required", reason="missing-field", field="context.type")
    return told


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"][:2])) if first["loc"][0] != "customData" else "customData"
    if first["type"] == "missing":
        return Rejected(f"{field} is required", reason="missing-field", field=field)
    return Rejected(f"{field} has the wrong type or form", reason="invalid-field", field=field)


def _deployed(event: CDEvent, request: Request, *, rollback: bool) -> Report:
    environment = event.custom.environment or event.subject.content.environment.id
    if environment is None:
        raise Rejected(
            "subject.content.environment.id is required", reason="missing-field", field="subject.content.environment.id"
        )
    product = event.custom.product or event.subject.id.strip("/")
    return _report(
        event,
        request,
        record=cdevents_id(name=product, source=event.context.source, kind="service", key=event.context.id),
        facts=_facts(event, product=product, environment=environment, rollback=rollback),
        status=Status.COMPLETED,
    )


def _run(event: CDEvent, request: Request, *, subject: str, meaning: Meaning) -> Report | BuildReport | Ignored:
    """A deployment where an environment is named, else a build."""
    content, custom, artifact = event.subject.content, event.custom, event.artifact
    status = _outcome(event) if meaning.status.terminal else meaning.status
    name = content.pipelineName or content.taskName or content.service.id or (artifact.name if artifact else None)
    environment = custom.environment or content.environment.id
    source = event.subject.source or event.context.source
    record = cdevents_id(name=event.subject.id, source=source, kind=subject, key=event.subject.id)
    product = custom.product or (name.strip("/") if name else None)
    if environment is not None:
        product = product or _last(source)
        facts = _facts(event, product=product, environment=environment)
        return _report(event, request, record=record, facts=facts, status=status)
    version = custom.version or (artifact.version if artifact else None)
    if subject in ("pipelinerun", "taskrun"):
        product, version = product or _last(source), version or event.subject.id
    if product is None or version is None:
        return Ignored("the event does not say which version of what is built")
    return _built(event, request, record=record, product=product, version=version, status=status)


def _artifact(event: CDEvent, request: Request) -> BuildReport | Ignored:
    """The subject is the artefact: whatever is told of it later is told of the same build."""
    artifact = purl.parse(event.subject.id)
    product = event.custom.product or (artifact.name if artifact else None)
    version = event.custom.version or (artifact.version if artifact else None)
    if product is None or version is None:
        return Ignored("the artifact's id is no package URL with a version")
    record = cdevents_id(name=f"{product}-{version}", source="", kind="artifact", key=event.subject.id)
    return _built(event, request, record=record, product=product, version=version, status=Status.COMPLETED)


def _note(event: CDEvent, request: Request, *, what: str) -> AnnotationReport:
    product = event.custom.product or event.subject.id.strip("/")
    return AnnotationReport(
        id=cdevents_id(name=product, source=event.context.source, kind="note", key=event.context.id),
        telling=_telling(event, request, Status.COMPLETED),
        facts=AnnotationFacts(
            product=product,
            environment=event.custom.environment or event.subject.content.environment.id,
            type=AnnotationType.CUSTOM,
            content=what,
            metadata=_metadata(event),
        ),
        finished_at=event.context.timestamp,
    )


def _report(event: CDEvent, request: Request, *, record: str, facts: Facts, status: Status) -> Report:
    at = event.context.timestamp
    return Report(
        id=record,
        telling=_telling(event, request, status),
        facts=facts,
        started_at=at if status is Status.STARTED else None,
        finished_at=at if status.terminal else None,
        reason=event.subject.content.errors,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _built(event: CDEvent, request: Request, *, record: str, product: str, version: str, status: Status) -> BuildReport:
    at, custom = event.context.timestamp, event.custom
    artifact, change = event.artifact or purl.parse(event.subject.id), comparable(event.subject.content.change.id)
    return BuildReport(
        id=record,
        telling=_telling(event, request, status),
        facts=BuildFacts(
            product=product,
            version=version,
            repository=_repository(custom, artifact),
            commit=custom.commit or change or (artifact.commit if artifact else None),
            branch=custom.branch,
            images=(artifact.image,) if artifact and artifact.image else (),
            built_by=custom.deployed_by,
            links=Links(build=event.subject.content.uri),
            metadata=_metadata(event),
        ),
        started_at=at if status is Status.STARTED else None,
        finished_at=at if status.terminal else None,
        reason=event.subject.content.errors,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _facts(event: CDEvent, *, product: str, environment: str, rollback: bool = False) -> Facts:
    custom, artifact = event.custom, event.artifact
    return Facts(
        product=product,
        environment=environment,
        version=custom.version or (artifact.version if artifact else None),
        repository=_repository(custom, artifact),
        commit=custom.commit or (artifact.commit if artifact else None),
        branch=custom.branch,
        images=(artifact.image,) if artifact and artifact.image else (),
        deployed_by=custom.deployed_by,
        trigger=Trigger.ROLLBACK if rollback else Trigger.API,
        links=Links(build=event.subject.content.uri),
        metadata=_metadata(event),
    )


def _repository(custom: Custom, artifact: Purl | None) -> str | None:
    told = custom.repository or (artifact.repository if artifact else None)
    return normalise(told) if told is not None else None


def _outcome(event: CDEvent) -> Status:
    """Of a run that finished. Builds have no word for it: they finished well unless customData says otherwise."""
    told = event.subject.content.outcome or event.custom.outcome
    status = parse_outcome(told) if told is not None else Status.COMPLETED
    if status is None:
        raise Rejected("outcome must be success, failure, error or cancel", reason="invalid-status", field="outcome")
    return status


def _metadata(event: CDEvent) -> dict[str, Any]:
    named = {"artifactId": event.subject.content.artifactId, "chainId": event.context.chainId}
    told = {name: value for name, value in named.items() if value is not None}
    return {**(event.model_extra or {}), **(event.custom.model_extra or {}), **told}


def _last(source: str) -> str:
    """What a source may be called for short."""
    return source.rstrip("/").rpartition("/")[2] or source


def _telling(event: CDEvent, request: Request, status: Status) -> Telling:
    return Telling(
        source=Source.CDEVENTS,
        status=status,
        at=event.context.timestamp,
        received_at=request.received_at,
        reporter=request.key.name,
        raw_status=event.context.type,
        body=request.text,
        # An event is sent again with the same id; the envelope may be another.
        fingerprint=fingerprint({"source": event.context.source, "id": event.context.id}),
    )


CDEVENTS = Dialect(
    name=Source.CDEVENTS.value,
    paths=("/api/hooks/cdevents",),
    methods=("POST",),
    key=bearer,
    parse=parse,
    answer=answer,
    refuse=refuse,
    types=(JSON, STRUCTURED),
    batch=BATCHED,
    page=DocPage("CDEvents: a service, deployment, run, build or artifact event", CDEvent, (BEARER,)),
)
