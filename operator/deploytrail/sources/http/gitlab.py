"""GitLab's webhooks: deployment events are deployments, pipeline events are builds. Its token is the key, or signs."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Tag,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.mapping.gitlab import commit_of, parse_status, parse_time, version_of
from deploytrail.mapping.lenient import instant, part
from deploytrail.mapping.repositories import normalise
from deploytrail.record.identity import gitlab_id
from deploytrail.record.model import (
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
from deploytrail.sources.http.dialect import (
    Answer,
    Dialect,
    DocPage,
    Ignored,
    Request,
    code_of,
    fingerprint,
    header,
    in_words,
    key_in_header,
)
from deploytrail.sources.http.fields import Given, Told
from deploytrail.sources.http.signatures import standard_webhook


def _status(word: str) -> str:
    if parse_status(word) is None:
        raise PydanticCustomError("status", "is no status of GitLab's")
    return word


def _time(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("is not a time")  # noqa: TRY004 - pydantic tells the sender
    return parse_time(value)


Word = Annotated[str, AfterValidator(_status)]
When = Annotated[datetime, BeforeValidator(_time)]


class Part(BaseModel):
    """A part of a hook: what is not read is kept in the report's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Project(Part):
    """Whose event it is."""

    path_with_namespace: Given
    web_url: Given
    git_http_url: Told = None


class User(Part):
    """Who set it off."""

    username: Told = None


class DeploymentHook(Part):
    """``object_kind: deployment``."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    object_kind: Literal["deployment"]
    project: Project
    deployment_id: int
    status: Word
    status_changed_at: When
    environment: Given
    environment_tier: Told = None
    deployable_url: Told = None
    short_sha: Told = None
    commit_url: Told = None
    ref: Told = None
    user: User = User()


class Attributes(Part):
    """The pipeline itself."""

    id: int
    status: Word
    sha: Given
    ref: Told = None
    tag: bool = False
    created_at: When
    finished_at: When | None = None
    url: Told = None


class PipelineHook(Part):
    """``object_kind: pipeline``."""

    object_kind: Literal["pipeline"]
    project: Project
    object_attributes: Attributes
    commit: Any = None
    """Its ``timestamp`` is when the commit was made."""
    user: User = User()


def _kind(value: Any) -> str:
    return str(value.get("object_kind")) if isinstance(value, dict) else ""


Hook = Annotated[
    Annotated[DeploymentHook, Tag("deployment")] | Annotated[PipelineHook, Tag("pipeline")], Discriminator(_kind)
]
RECORDED = ("deployment", "pipeline")
_HOOK: TypeAdapter[DeploymentHook | PipelineHook] = TypeAdapter(Hook)


_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*")


def parse(request: Request) -> Report | BuildReport | Ignored:
    """The report a hook makes. Other events are ignored: GitLab stops calling a hook that is refused time and again."""
    if _is_another(request.document):
        return Ignored("only deployment and pipeline events are recorded")
    try:
        hook = _HOOK.validate_python(request.document)
    except ValidationError as error:
        raise _rejection(error) from None
    return _deployment(hook, request) if isinstance(hook, DeploymentHook) else _build(hook, request)


def answer(record: Deployment | Build) -> Answer:
    """GitLab reads no more than the code."""
    return Answer(200, {"id": record.id})


def refuse(error: DeploytrailError) -> Answer:
    """``{"error": ...}``, shown in GitLab's list of deliveries."""
    return Answer(code_of(error), {"error": _explain(error)})


_GITLAB_NAMES: Mapping[str, str] = {
    "product": "project.path_with_namespace",
    "version": "ref",
    "finished_at": "status_changed_at",
    "started_at": "status_changed_at",
    "commit": "short_sha",
    "links.build": "deployable_url",
}


def _is_another(document: Mapping[str, Any]) -> bool:
    """Whether it is an event of another kind; GitLab adds some every year. Those of groups have a name and no kind."""
    kind = document.get("object_kind", document.get("event_name"))
    return isinstance(kind, str) and kind not in RECORDED and _WORD.fullmatch(kind) is not None


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason="authentication"):
            return "Invalid secret token or signature"
        case Rejected():
            return in_words(error, _GITLAB_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    path = [str(step) for step in first["loc"][1:]]
    if not path or first["type"] == "union_tag_invalid":
        return Rejected("object_kind must name an event of GitLab's", reason="invalid-field", field="object_kind")
    field = ".".join(path)
    if first["type"] == "missing":
        return Rejected(f"{field} is required", reason="missing-field", field=field)
    if first["type"] == "status":
        return Rejected(f"{field} is no status of GitLab's", reason="invalid-status", field=field)
    return Rejected(f"{field} has the wrong type or is no value of GitLab's", reason="invalid-field", field=field)


def _deployment(hook: DeploymentHook, request: Request) -> Report:
    telling = _telling(request, word=hook.status, at=hook.status_changed_at)
    commit, tier = commit_of(hook.commit_url, hook.short_sha), hook.environment_tier
    return Report(
        id=gitlab_id(project=hook.project.web_url, kind="deployment", number=hook.deployment_id),
        telling=telling,
        facts=Facts(
            product=hook.project.path_with_namespace,
            environment=hook.environment,
            version=version_of(ref=hook.ref, commit=commit),
            repository=normalise(hook.project.git_http_url or hook.project.web_url),
            commit=commit,
            branch=hook.ref,
            deployed_by=hook.user.username,
            trigger=Trigger.API,
            links=Links(build=hook.deployable_url),
            metadata={**(hook.model_extra or {}), **({"environment_tier": tier} if tier else {})},
        ),
        started_at=telling.at if telling.status is Status.STARTED else None,
        finished_at=telling.at if telling.status.terminal else None,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _build(hook: PipelineHook, request: Request) -> BuildReport:
    said = hook.object_attributes
    end = said.finished_at or request.received_at
    telling = _telling(request, word=said.status, at=said.created_at)
    if telling.status is not Status.PENDING:
        telling = telling.model_copy(update={"at": end if telling.status.terminal else request.received_at})
    return BuildReport(
        id=gitlab_id(project=hook.project.web_url, kind="pipeline", number=said.id),
        telling=telling,
        facts=BuildFacts(
            product=hook.project.path_with_namespace,
            version=said.ref if said.tag and said.ref else said.sha,
            repository=normalise(hook.project.git_http_url or hook.project.web_url),
            commit=said.sha,
            committed_at=instant(part(hook.commit).get("timestamp")),
            branch=None if said.tag else said.ref,
            built_by=hook.user.username,
            links=Links(build=said.url),
        ),
        started_at=said.created_at if said.created_at <= end else None,
        finished_at=end if telling.status.terminal else None,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _telling(request: Request, *, word: str, at: datetime) -> Telling:
    return Telling(
        source=Source.GITLAB,
        status=parse_status(word) or Status.UNKNOWN,
        at=at,
        received_at=request.received_at,
        reporter=request.key.name,
        raw_status=word,
        body=request.text,
        fingerprint=fingerprint(request.document),
    )


GITLAB = Dialect(
    name=Source.GITLAB.value,
    paths=("/api/hooks/gitlab",),
    methods=("POST",),
    key=key_in_header("X-Gitlab-Token"),
    signature=standard_webhook,
    parse=parse,
    answer=answer,
    refuse=refuse,
    page=DocPage("GitLab: a deployment or pipeline hook", DeploymentHook, (header("X-Gitlab-Token"),)),
)
