"""GitHub's webhooks: deployment statuses are deployments, workflow runs are builds. Its secret signs the body."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from deploytrail.errors import DeploytrailError, Rejected, Unavailable
from deploytrail.mapping.github import REPLACED, parse_run, parse_state
from deploytrail.mapping.gitlab import version_of
from deploytrail.mapping.repositories import normalise
from deploytrail.record.identity import github_id
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
    unsent,
)
from deploytrail.sources.http.fields import Given, Time, Told
from deploytrail.sources.http.signatures import hmac_in_header


class Part(BaseModel):
    """A part of a hook: what is not read is kept in the report's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Repository(Part):
    """Whose event it is."""

    full_name: Given
    html_url: Given


class Actor(Part):
    """A person, a bot or an app."""

    login: Told = None


class DeploymentState(Part):
    """One status of a deployment."""

    state: Given
    description: Told = None
    environment_url: Told = None
    log_url: Told = None
    target_url: Told = None
    created_at: Time


class GitHubDeployment(Part):
    """The deployment itself, the same with every status."""

    id: int
    sha: Given
    ref: Told = None
    task: Told = None
    environment: Given
    creator: Actor | None = None
    payload: dict[str, Any] | str = {}


class DeploymentHook(BaseModel):
    """``X-GitHub-Event: deployment_status``."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    deployment_status: DeploymentState
    deployment: GitHubDeployment
    repository: Repository
    sender: Actor | None = None


class Run(Part):
    """The run itself, as it stands."""

    id: int
    run_attempt: int = 1
    name: Told = None
    status: Given
    conclusion: Told = None
    head_sha: Given
    head_branch: Told = None
    event: Told = None
    html_url: Told = None
    actor: Actor | None = None
    triggering_actor: Actor | None = None
    run_started_at: Time | None = None
    updated_at: Time


class RunHook(Part):
    """``X-GitHub-Event: workflow_run``."""

    workflow_run: Run
    repository: Repository


DEPLOYMENT, RUN = "deployment_status", "workflow_run"
_DESCRIBED = frozenset(
    {"action", "workflow", "workflow_run", "check_run", "organization", "enterprise", "installation"}
)
"""What GitHub sends along with every deployment status, and no reader of records looks for."""


def parse(request: Request) -> Report | BuildReport | Ignored:
    """The report a hook makes; other events, such as the ping of a new webhook, are ignored."""
    event = request.head.headers.get("x-github-event") or _recognise(request.document)
    try:
        if event == DEPLOYMENT:
            return _deployment(DeploymentHook.model_validate(request.document), request)
        if event == RUN:
            return _build(RunHook.model_validate(request.document), request)
    except ValidationError as error:
        raise _rejection(error) from None
    return Ignored(f"only {DEPLOYMENT} and {RUN} events are recorded")


def answer(record: Deployment | Build) -> Answer:
    """GitHub shows it in the list of deliveries."""
    return Answer(200, {"id": record.id})


def refuse(error: DeploytrailError) -> Answer:
    """``{"error": ...}``, shown in GitHub's list of deliveries."""
    return Answer(code_of(error), {"error": _explain(error)})


_GITHUB_NAMES: Mapping[str, str] = {
    "product": "repository.full_name",
    "environment": "deployment.environment",
    "version": "ref",
    "finished_at": "created_at",
    "started_at": "created_at",
    "commit": "sha",
    "branch": "ref",
    "links.build": "log_url",
    "links.ui": "environment_url",
}


def _recognise(document: Mapping[str, Any]) -> str:
    """The event of a body that is read again: the header is not kept."""
    return DEPLOYMENT if DEPLOYMENT in document else RUN


def _explain(error: DeploytrailError) -> str:
    match error:
        case Rejected(reason="authentication"):
            return "Invalid signature"
        case Rejected():
            return in_words(error, _GITHUB_NAMES)
        case Unavailable():
            return error.message
        case _:
            return "The event could not be stored"


def _rejection(error: ValidationError) -> Rejected:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return Rejected(f"{field} is required", reason="missing-field", field=field)
    return Rejected(f"{field} has the wrong type or is no value of GitHub's", reason="invalid-field", field=field)


def _deployment(hook: DeploymentHook, request: Request) -> Report | Ignored:
    said, deployed = hook.deployment_status, hook.deployment
    if said.state == REPLACED:
        return Ignored("a deployment that a newer one replaced stays what it was")
    status = parse_state(said.state)
    if status is None:
        raise Rejected("deployment_status.state is no state of GitHub's", reason="invalid-status", field="status")
    actor = deployed.creator or hook.sender
    return Report(
        id=github_id(repository=hook.repository.html_url, kind="deployment", number=deployed.id),
        telling=_telling(request, status=status, word=said.state, at=said.created_at),
        facts=Facts(
            product=hook.repository.full_name,
            environment=deployed.environment,
            version=version_of(ref=deployed.ref, commit=deployed.sha),
            repository=normalise(hook.repository.html_url),
            commit=deployed.sha,
            branch=deployed.ref if deployed.ref != deployed.sha else None,
            deployed_by=actor.login if actor else None,
            trigger=Trigger.API,
            links=Links(build=said.log_url or said.target_url, ui=said.environment_url),
            metadata=_metadata(hook),
        ),
        started_at=said.created_at if status is Status.STARTED else None,
        finished_at=said.created_at if status.terminal else None,
        reason=said.description if status is Status.FAILED else None,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _metadata(hook: DeploymentHook) -> dict[str, Any]:
    more = {name: value for name, value in (hook.model_extra or {}).items() if name not in _DESCRIBED}
    named = {"task": hook.deployment.task, "payload": hook.deployment.payload}
    return more | {name: value for name, value in named.items() if value}


def _build(hook: RunHook, request: Request) -> BuildReport:
    run = hook.workflow_run
    status = parse_run(status=run.status, conclusion=run.conclusion)
    if status is None:
        raise Rejected("workflow_run.status is no status of GitHub's", reason="invalid-status", field="status")
    actor = run.triggering_actor or run.actor
    version = version_of(ref=run.head_branch, commit=run.head_sha) or run.head_sha
    started = run.run_started_at if status is not Status.PENDING else None
    return BuildReport(
        id=github_id(repository=hook.repository.html_url, kind="run", number=run.id, attempt=run.run_attempt),
        telling=_telling(request, status=status, word=run.conclusion or run.status, at=run.updated_at),
        facts=BuildFacts(
            product=hook.repository.full_name,
            version=version,
            repository=normalise(hook.repository.html_url),
            commit=run.head_sha,
            branch=run.head_branch if run.head_branch != version else None,
            built_by=actor.login if actor else None,
            links=Links(build=run.html_url),
            metadata={name: value for name, value in {"workflow": run.name, "event": run.event}.items() if value},
        ),
        started_at=started if started is not None and started <= run.updated_at else None,
        finished_at=run.updated_at if status.terminal else None,
        repeat=Repeat.NEWEST,
        binding=Binding.LENIENT,
    )


def _telling(request: Request, *, status: Status, word: str, at: datetime) -> Telling:
    return Telling(
        source=Source.GITHUB,
        status=status,
        at=at,
        received_at=request.received_at,
        reporter=request.key.name,
        raw_status=word,
        body=request.text,
        fingerprint=fingerprint(request.document),
    )


GITHUB = Dialect(
    name=Source.GITHUB.value,
    paths=("/api/hooks/github",),
    methods=("POST",),
    key=unsent,
    signature=hmac_in_header("X-Hub-Signature-256"),
    form="payload",
    parse=parse,
    answer=answer,
    refuse=refuse,
    page=DocPage("GitHub: a deployment status or a workflow run", DeploymentHook, (header("X-Hub-Signature-256"),)),
)
