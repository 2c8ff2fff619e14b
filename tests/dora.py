"""DORA counted naively: every deployment of a place is looked at, each question is answered by searching the lists.

Written from docs/dora.md, not from the code, so that the two can disagree.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from deploytrail.record.dora.histogram import bucket
from deploytrail.record.dora.judging import Rules
from deploytrail.record.model import Build, Deployment, Record, Status, Trigger

Naive = dict[tuple[str, str, str, Any], dict[str, int]]


def cells(deployments: Iterable[Deployment], builds: Iterable[Build], rules: Rules) -> Naive:
    """Every count that is not 0, by dimension, name, environment and day."""
    found: dict[tuple[str, str, str, Any], Counter[str]] = {}
    every, built = list(deployments), list(builds)
    for place in sorted({(each.product, each.environment) for each in every}):
        there = [each for each in every if (each.product, each.environment) == place and each.status.terminal]
        counted = sorted((each for each in there if why_not(each) is None), key=lambda d: (end(d), d.id))
        for index, each in enumerate(counted):
            _count(found, each, _names(counted, index, built, rules))
        for each in there:
            why = why_not(each)
            if why is not None:
                _count(found, each, [f"x:{why}"])
    return {key: dict(counter) for key, counter in found.items()}


def end(deployment: Record) -> Any:
    return deployment.finished_at or deployment.started_at or deployment.created_at


def why_not(deployment: Deployment) -> str | None:
    """Why it is not counted."""
    said = deployment.marks[-1] if deployment.marks else None
    if said is not None and said.counted is False:
        return "excluded"
    if deployment.status in (Status.ABORTED, Status.UNKNOWN) and (said is None or said.failure is None):
        return deployment.status.value
    if not deployment.counted and (said is None or said.counted is None):
        return "left-out"
    return None


def landed(deployment: Deployment) -> bool:
    said = deployment.marks[-1].failure if deployment.marks else None
    return deployment.status is Status.COMPLETED or said is False


def _names(counted: Sequence[Deployment], index: int, builds: list[Build], rules: Rules) -> list[str]:
    each = counted[index]
    names = ["n"]
    if landed(each):
        names.append("ok")
    kind = failure(counted, index, rules)
    if kind is not None:
        names.append(f"f:{kind}")
        after = [end(later) for later in counted[index + 1 :] if landed(later) and _said(later) is not True]
        if after:
            names.append(f"t{bucket((after[0] - end(each)).total_seconds())}")
    if is_rollback(counted, index):
        names.append("r:rollback")
    elif index and failure(counted, index - 1, rules) and end(each) - end(counted[index - 1]) <= rules.fix_window:
        names.append("r:fix")
    if landed(each) and not is_rollback(counted, index):
        told = lead(each, builds)
        if told is not None and (_version(each) is None or _version(each) not in ran_before(counted, index)):
            names.append(told)
    return names


def failure(counted: Sequence[Deployment], index: int, rules: Rules) -> str | None:
    """What kind of failure it was."""
    each = counted[index]
    if _said(each) is False:
        return None
    if each.status is not Status.COMPLETED:
        degraded = any((telling.raw_status or "").lower().endswith("/degraded") for telling in each.tellings)
        return "degraded" if degraded and each.status is Status.FAILED else "failed"
    if _said(each):
        return "marked"
    following = [later for later in range(index + 1, min(index + 51, len(counted))) if landed(counted[later])]
    if following and is_rollback(counted, following[0]):
        other = counted[following[0]]
        if _version(other) is None or _version(other) != _version(each):
            return "rolled-back"
    if rules.replace_window and index + 1 < len(counted):
        other = counted[index + 1]
        if _version(other) != _version(each) and end(other) - end(each) <= rules.replace_window:
            return "replaced"
    return None


def is_rollback(counted: Sequence[Deployment], index: int) -> bool:
    each = counted[index]
    if not landed(each):
        return False
    if each.trigger is Trigger.ROLLBACK:
        return True
    versions = ran_before(counted, index)
    if not versions or None in (_version(each), versions[-1]) or _version(each) == versions[-1]:
        return False
    if _version(each) not in versions:
        return False
    return versions.index(_version(each)) < versions.index(versions[-1])


def ran_before(counted: Sequence[Deployment], index: int) -> list[str | None]:
    """The versions that landed before it, of fifty deployments, as far back as they are no more than ten."""
    versions: list[str | None] = []
    for other in reversed(counted[max(0, index - 50) : index]):
        if landed(other):
            if len({*versions, _version(other)}) > 10:
                break
            versions.insert(0, _version(other))
    return versions


def lead(deployment: Deployment, builds: list[Build]) -> str | None:
    """The name of the bucket of its lead time, ignoring whether it is the first of its version."""
    of_it = [
        b for b in builds if deployment.version and (b.product, b.version) == (deployment.product, deployment.version)
    ]
    commits = [b.committed_at for b in of_it if b.committed_at is not None]
    built = [end(b) for b in of_it if b.status is Status.COMPLETED]
    if deployment.committed_at is not None:
        basis, began = "c", deployment.committed_at
    elif commits:
        basis, began = "c", min(commits)
    elif built:
        basis, began = "b", min(built)
    else:
        return None
    took = end(deployment) - began
    return f"{basis}{bucket(int(took.total_seconds()))}" if took >= timedelta(0) else None


def _said(deployment: Deployment) -> bool | None:
    return deployment.marks[-1].failure if deployment.marks else None


def _version(deployment: Deployment) -> str | None:
    return deployment.version or deployment.commit


def _count(found: dict[Any, Counter[str]], each: Deployment, names: list[str]) -> None:
    team = each.metadata.get("team") or each.metadata.get("deploytrail.dev/team")
    for dimension, name in (("all", ""), ("product", each.product), ("team", team)):
        if name is not None:
            found.setdefault((dimension, name, each.environment, end(each).date()), Counter()).update(names)
