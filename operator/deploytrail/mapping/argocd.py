"""A finding of the tracker as a report: what was deployed, under which version, from which commit."""

from datetime import datetime
from hashlib import sha256

from deploytrail.mapping.images import version_of
from deploytrail.mapping.operations import is_commit
from deploytrail.mapping.repositories import normalise
from deploytrail.mapping.rules import Rules, page_of
from deploytrail.record.identity import argocd_id
from deploytrail.record.instant import to_rfc3339
from deploytrail.record.model import ApplicationRef, Facts, Links, Repeat, Report, Source, Status, Telling
from deploytrail.record.rollout import Finding, memo
from deploytrail.record.rollout.snapshot import AppSource, SyncResult

SHORT_COMMIT = 7
MOST_IMAGES = 1000
"""What a DeploymentEvent holds."""


def report(finding: Finding, rules: Rules, *, received_at: datetime) -> Report:
    """What is recorded of it. The same finding from two replicas is the same report."""
    operation, application = finding.operation, finding.application
    facts = _facts(finding, rules)
    started_at, heals = operation.key
    telling = Telling(
        source=Source.ARGOCD,
        status=finding.status,
        at=finding.at,
        received_at=received_at,
        raw_status=f"{operation.phase}/{finding.health}" if finding.health else operation.phase,
        fingerprint=_fingerprint(finding, facts),
    )
    return Report(
        id=argocd_id(uid=application.uid, name=application.name, started_at=started_at, heals=heals),
        telling=telling,
        facts=facts,
        started_at=started_at,
        finished_at=operation.finished_at,
        settled_at=finding.settled_at,
        counted=finding.counted,
        reason=finding.reason,
        repeat=Repeat.KEEP if finding.seen else Repeat.YIELD,
    )


def chosen(sources: tuple[AppSource, ...]) -> int | None:
    """Which of the sources stands for the deployment: the first git one with a path, else the first git one.

    A git source with a ``ref`` only lends its files to others, so it comes second. None when there is no git source.
    """
    git = [index for index, source in enumerate(sources) if source.is_git]
    own = (index for index in git if sources[index].path and not sources[index].ref)
    return next(own, git[0] if git else None)


def repo_url_of(result: SyncResult) -> str | None:
    """The repository as Argo CD names it: the author's, where the source hydrator rendered what was deployed."""
    if result.dry is not None:
        return result.dry.repo_url
    index = chosen(result.sources)
    if index is not None:
        return result.sources[index].repo_url
    return result.sources[0].repo_url if result.sources else None


def commit_of(result: SyncResult) -> str | None:
    """The deployed commit: a full hash, or none. Charts and OCI artefacts have none."""
    if result.dry is not None and result.dry.commit is not None:
        return result.dry.commit
    index = chosen(result.sources)
    if index is None or index >= len(result.revisions):
        return None
    revision = result.revisions[index]
    return revision if is_commit(revision) else None


def _facts(finding: Finding, rules: Rules) -> Facts:
    operation, application = finding.operation, finding.application
    result, subject = operation.result, operation.subject
    repo_url = repo_url_of(result)
    return Facts(
        product=subject.product,
        environment=subject.environment,
        version=_version(finding),
        repository=normalise(repo_url) if repo_url else None,
        commit=commit_of(result),
        images=_images(finding)[:MOST_IMAGES],
        deployed_by=operation.deployed_by,
        trigger=operation.trigger,
        partial=operation.partial and not operation.renews,
        links=Links(ui=page_of(application, rules)),
        application=ApplicationRef(
            namespace=application.namespace,
            name=application.name,
            uid=application.uid,
            instance=application.instance,
            history_id=operation.history_id,
            revisions=result.revisions,
        ),
        metadata={memo.KEY: memo.write(finding), **({"team": subject.team} if subject.team is not None else {})},
    )


def _images(finding: Finding) -> tuple[str, ...]:
    """What the sync applied; else what the Application runs, once no rollout mixes old and new."""
    result = finding.operation.result
    settled = finding.status is Status.COMPLETED
    return result.images or (finding.operation.images if settled else ())


def _version(finding: Finding) -> str | None:
    """Given by annotation; the chart's; the main image's tag; the commit. Not said before it cannot change any more."""
    operation, result, subject = finding.operation, finding.operation.result, finding.operation.subject
    if subject.version is not None:
        return subject.version
    charts = (
        revision
        for source, revision in zip(result.sources, result.revisions, strict=False)
        if source.chart and revision
    )
    found = next(charts, None) or version_of(_images(finding), subject.product, finding.application.name)
    if found is not None or finding.status is Status.STARTED:
        return found
    commit = commit_of(result)
    if commit is not None:
        return commit[:SHORT_COMMIT]
    return next(filter(None, result.revisions), None) if operation.phase == "Succeeded" else None


def _fingerprint(finding: Finding, facts: Facts) -> str:
    """Of what matters: not the message (random paths), not when it was seen, not the page's address."""
    operation = finding.operation
    said = (
        finding.status,
        operation.phase,
        *(to_rfc3339(when) if when else "" for when in (operation.finished_at, finding.settled_at)),
        finding.counted,
        facts.version or "",
        facts.commit or "",
        *operation.result.revisions,
    )
    return sha256(repr(tuple(map(str, said))).encode()).hexdigest()
