"""Facts in, findings out. Pure: the time is given, nothing is asked."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from deploytrail.doctor.finding import Finding, fail, ok, skip, warn
from deploytrail.doctor.rights import Right, rules, spelled
from deploytrail.keys.model import Key, Scope
from deploytrail.record.instant import to_rfc3339

JSON = Mapping[str, Any]

OLDEST_KUBERNETES = (1, 29)
SKEW_SEEN, SKEW_HARMFUL = timedelta(seconds=5), timedelta(seconds=60)
"""The API server tells its time to the second; a minute makes a deployment end before it began."""

SOON = timedelta(days=14)
"""Keys that end within it are named."""

QUIET = timedelta(days=7)
STUCK = timedelta(minutes=15)
MOST_NAMED = 5

INSTALL_CRDS = "deploytrail crds | kubectl apply --server-side --force-conflicts -f -"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is installed of one of our kinds, None where nothing is."""

    definition: JSON
    """As this version makes it."""
    installed: JSON | None


def judge_server(version: str) -> Finding:
    """The API server's version, such as ``v1.36.3``."""
    numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in version.lstrip("v").split(".")[:2]]
    if tuple(numbers) < OLDEST_KUBERNETES:
        return warn("cluster", f"Kubernetes {version}", "Deploytrail is made for 1.29 and newer")
    return ok("cluster", f"Kubernetes {version}")


def judge_clock(ours: datetime, theirs: datetime | None) -> Finding:
    """Our clock against the API server's, which tells whole seconds."""
    if theirs is None:
        return skip("clock", "the API server does not say what time it is")
    skew = abs(ours - theirs)
    if skew < SKEW_SEEN:
        return ok("clock", "as the API server's")
    message = f"{'ahead of' if ours > theirs else 'behind'} the API server's by {age(skew)}"
    advice = "synchronise the clocks (NTP): times and durations of deployments are wrong by as much"
    return fail("clock", message, advice) if skew >= SKEW_HARMFUL else warn("clock", message, advice)


def judge_kinds(kinds: Sequence[Seen]) -> list[Finding]:
    """Our CustomResourceDefinitions: there, served, and with everything that this version writes."""
    wrong = [finding for kind in kinds for finding in _judge_kind(kind)]
    return wrong or [ok("kinds", f"{len(kinds)} CustomResourceDefinitions, as this version has them")]


def judge_served(expected: Collection[str], served: Collection[str]) -> Finding:
    """The same where the definitions may not be read: which kinds the API server speaks of."""
    missing = sorted(set(expected) - set(served))
    if missing:
        return fail("kinds", f"the API server does not serve {', '.join(missing)}", INSTALL_CRDS)
    return ok("kinds", f"{len(expected)} kinds are served; their schemas may not be read by who asks")


def judge_rights(who: str, asked: Collection[Right], missing: Collection[Right]) -> list[Finding]:
    """What it lacks, and the rules that would help."""
    if not missing:
        return [ok("rights", f"{who} has all {len(asked)} rights it needs")]
    found = []
    for optional, say in ((False, fail), (True, warn)):
        lacking = [right for right in missing if right.optional is optional]
        if lacking:
            message = f"{who} may not {'; '.join(_lacking(lacking))}"
            found.append(say("rights", message, "\n".join(rules(lacking))))
    return found


def judge_forbidden(who: str, granted: Collection[Right]) -> list[Finding]:
    """Rights that it should not have: Applications are only ever read."""
    if not granted:
        return []
    verbs = ", ".join(dict.fromkeys(right.verb for right in granted))
    advice = "take the right away: whoever may write Applications may deploy, and Deploytrail never does"
    return [warn("rights", f"{who} may {verbs} Applications", advice)]


def judge_argocd(*, served: bool, versions: Collection[str]) -> Finding:
    """Whether there is an Argo CD at all."""
    if not served:
        return warn(
            "argocd",
            "the kind Application (argoproj.io/v1alpha1) is not installed",
            "install Argo CD, which is then noticed by itself, or leave argocd out of the sources",
        )
    shown = f"Argo CD {', '.join(sorted(versions))}" if versions else "Applications are served; version not to be seen"
    return ok("argocd", shown)


def judge_applications(per_namespace: Mapping[str, int], patterns: Sequence[str], selector: str) -> Finding:
    """Which Applications are followed. ``per_namespace`` counts those that the selector lets through."""
    followed = {name: n for name, n in per_namespace.items() if any(fnmatchcase(name, each) for each in patterns)}
    others = sum(per_namespace.values()) - sum(followed.values())
    by = f" with the labels {selector}" if selector else ""
    left = f"; {others} in other namespaces are not followed" if others else ""
    if not followed:
        advice = "create one, or look at argocd.namespaces and argocd.selector"
        return warn("applications", f"none{by} in {', '.join(patterns)}{left}", advice)
    counts = sorted(followed.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{name} {n}" for name, n in counts[:MOST_NAMED])
    more = f", {len(counts) - MOST_NAMED} more namespaces" if len(counts) > MOST_NAMED else ""
    return ok("applications", f"{sum(followed.values())}{by}: {shown}{more}{left}")


def judge_keys(keys: Sequence[Key], now: datetime) -> Finding:
    """How many, which are about to end, and whether anybody can report."""
    good = [key for key in keys if key.expires_at is None or key.expires_at > now]
    over = len(keys) - len(good)
    count = f"{len(good)} in force" + (f", {over} expired" if over else "")
    if not any(Scope.INGEST in key.scopes for key in good):
        advice = "deploytrail keys create ci --scope ingest"
        return warn("keys", f"{count}, none with the scope ingest: nobody can report over HTTP", advice)
    ending = [key for key in good if key.expires_at is not None and key.expires_at - now <= SOON]
    if ending:
        named = ", ".join(f"{key.name} at {to_rfc3339(key.expires_at)}" for key in ending if key.expires_at)
        return warn("keys", f"{count}; soon to end: {named}", "deploytrail keys rotate NAME")
    return ok("keys", count)


def judge_last_event(newest: datetime | None, now: datetime) -> Finding:
    """When something new was last recorded."""
    if newest is None:
        advice = "sync an Application, or report: deploytrail report deployment --help"
        return warn("last event", "nothing is recorded yet", advice)
    if now - newest > QUIET:
        return warn("last event", f"{age(now - newest)} ago", "is that right? If not, look at the lines above")
    return ok("last event", f"{age(max(now - newest, timedelta(0)))} ago")


def judge_store(name: str, *, found: str | None, wanted: str, is_newer: bool) -> Finding:
    """The schema of a database that answered."""
    if found is None:
        return warn("store", f"{name} answers and is empty", "deploytrail run makes the tables at its first start")
    if is_newer:
        message = f"{name} has the schema {found} of a newer Deploytrail; this one knows up to {wanted}"
        return fail("store", message, "run that version, or one still newer")
    if found != wanted:
        advice = "it is brought up to date when this version starts: deploytrail run"
        return warn("store", f"{name} has the schema {found}, and this version wants {wanted}", advice)
    return ok("store", f"{name} answers, schema {found}")


def judge_backlog(waiting: int, since: datetime | None, now: datetime, *, delivers: bool) -> Finding:
    """What is recorded and not yet delivered."""
    if not delivers:
        return ok("backlog", f"{waiting} events in the outbox; this version delivers to nobody")
    if since is not None and now - since > STUCK:
        return warn("backlog", f"{waiting} events wait, the oldest for {age(now - since)}", "look at the sinks' status")
    return ok("backlog", f"{waiting} events wait")


def judge_endpoint(where: str, status: int, body: JSON) -> Finding:
    """What ``/readyz`` answered, or the API server in its place."""
    if status == 200:
        return ok("endpoint", f"ready at {where}")
    if body.get("kind") == "Status":  # the API server's own words
        advice = "look at the pods: kubectl describe pods, kubectl logs"
        return fail("endpoint", f"{where} cannot be reached: {body.get('message')}", advice)
    problems = "; ".join(map(str, body.get("problems") or [])) or f"it answers {status}"
    return fail("endpoint", f"{where} is not ready: {problems}", "what it waits for is named; its log tells more")


def judge_replicas(namespace: str, name: str, *, wanted: int, ready: int, version: str, ours: str) -> Finding:
    """The Deployment, and whether it is of the version of who looks."""
    shown = f"{namespace}/{name} {version}, {ready} of {wanted} pods ready"
    if ready < wanted:
        advice = f"kubectl -n {namespace} describe deployment {name}; kubectl -n {namespace} logs deployment/{name}"
        return warn("installation", shown, advice) if ready else fail("installation", shown, advice)
    if version and version != ours:
        return warn("installation", f"{shown}; this command is {ours}", "use the command of the same version")
    return ok("installation", shown)


def age(span: timedelta) -> str:
    """About how long: ``12s``, ``5m``, ``3h``, ``9d``."""
    seconds = span.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _judge_kind(kind: Seen) -> Iterator[Finding]:
    name = kind.definition["metadata"]["name"]
    if kind.installed is None:
        yield fail("kinds", f"{name} is not installed", INSTALL_CRDS)
        return
    conditions = (kind.installed.get("status") or {}).get("conditions") or []
    refused = [c for c in conditions if c["type"] in ("Established", "NamesAccepted") and c["status"] != "True"]
    if refused:
        yield fail("kinds", f"{name} is not accepted: {refused[0].get('message')}", f"kubectl describe crd {name}")
    (ours,) = kind.definition["spec"]["versions"]
    there = next((v for v in kind.installed["spec"]["versions"] if v["name"] == ours["name"] and v["served"]), None)
    if there is None:
        yield fail("kinds", f"{name} does not serve {ours['name']}", INSTALL_CRDS)
        return
    lacking = sorted(_paths(_schema(ours)) - _paths(_schema(there)))
    if lacking:
        named = list(dict.fromkeys(f"{path} (a rule)" if rule else path for path, _, rule in map(_parted, lacking)))
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        message = f"{name} is older than this Deploytrail: it lacks {', '.join(named[:MOST_NAMED])}{more}"
        yield fail("kinds", message, INSTALL_CRDS)


def _schema(version: JSON) -> JSON:
    schema: JSON = version["schema"]["openAPIV3Schema"]
    return schema


def _paths(schema: JSON, above: str = "") -> set[str]:
    """Every field that the schema knows, every value of its enumerations, every rule: what writing may stumble over."""
    found = {f"{above}={value}" for value in schema.get("enum") or []}
    found |= {f"{above}: {rule['rule']}" for rule in schema.get("x-kubernetes-validations") or []}
    for name, inner in (schema.get("properties") or {}).items():
        path = f"{above}.{name}".lstrip(".")
        found |= {path} | _paths(inner, path)
    items = schema.get("items")
    return found | _paths(items, f"{above}[]") if isinstance(items, Mapping) else found


def _parted(path: str) -> tuple[str, str, str]:
    return path.partition(": ")


def _lacking(missing: Collection[Right]) -> Iterator[str]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for right in missing:
        where = f"in {right.namespace}" if right.namespace else "in the whole cluster"
        verbs.setdefault((spelled(right), where), []).append(right.verb)
    for (what, where), lacking in verbs.items():
        yield f"{', '.join(lacking)} {what} {where}"
