"""What Deploytrail must be allowed, and the rules that allow it. Pure; the chart's rbac.yaml says the same."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

EVENTS = ("deploymentevents", "buildevents")
OURS = "deploytrail.dev"
READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one resource, everywhere or in a namespace."""

    group: str
    resource: str
    """With its subresource, if any: ``deploymentevents/status``."""
    verb: str
    namespace: str = ""
    """Empty for the whole cluster."""
    name: str = ""
    """Of one object; empty for all."""
    optional: bool = False
    """Whether it works without."""

    @property
    def attributes(self) -> dict[str, str]:
        """As an access review asks for it."""
        resource, _, subresource = self.resource.partition("/")
        return {
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            "verb": self.verb,
            "namespace": self.namespace,
            "name": self.name,
        }


def needed(
    *,
    home: str,
    sources: Collection[str],
    records_here: bool,
    keys_here: bool,
    expires: bool = True,
    watched: Collection[str] = (),
) -> list[Right]:
    """Everything, given where records and keys are kept and which namespaces are watched (none named: all).

    ``expires``: whether records that are old enough are removed.
    """
    found: list[Right] = []
    for namespace in watched or ("",):
        found += _watching(namespace, sources, records_here=records_here)
    if not watched and {"argocd", "resources"} & set(sources):
        found += _rights("apiextensions.k8s.io", ["customresourcedefinitions"], ("list",), optional=True)
    if records_here:
        found += _keeping(home)
        if expires:
            found += _rights(OURS, (*EVENTS, "annotations"), ("delete",), home)
    if keys_here:
        found += _rights("", ["secrets"], READ, home)
        found += _rights("", ["configmaps"], ("get", "update"), home, "deploytrail-key-uses", optional=True)
    if records_here or keys_here:
        found += _rights("", ["configmaps"], ("create",), home)
    return found


def forbidden(home: str) -> list[Right]:
    """What nobody should have given it."""
    return [Right("argoproj.io", "applications", verb, namespace) for namespace in ("", home) for verb in WRITE]


def rules(missing: Collection[Right]) -> Iterator[str]:
    """A sentence that says where, and the rules to add there, for each namespace and the cluster."""
    for namespace in dict.fromkeys(right.namespace for right in missing):
        there = [right for right in missing if right.namespace == namespace]
        where = f"to its Role in the namespace {namespace}" if namespace else "to its ClusterRole"
        yield "\n".join([f"add {where}:", *_rules(there)])


def spelled(right: Right) -> str:
    """``deploymentevents.deploytrail.dev``, as kubectl takes it."""
    plural, slash, subresource = right.resource.partition("/")
    group = f".{right.group}" if right.group else ""
    return f"{plural}{group}{slash}{subresource}" + (f" {right.name}" if right.name else "")


def _watching(namespace: str, sources: Collection[str], *, records_here: bool) -> list[Right]:
    found: list[Right] = []
    if "argocd" in sources:
        found += _rights("argoproj.io", ["applications"], READ, namespace)
    if records_here or "resources" in sources:
        found += _rights(OURS, EVENTS, READ, namespace)
    if "resources" in sources:
        found += _rights(OURS, [f"{kind}/status" for kind in EVENTS], ("patch",), namespace)
    return found


def _keeping(home: str) -> list[Right]:
    return [
        *_rights(OURS, EVENTS, ("create", "update"), home),
        *_rights(OURS, ("annotations", "versions"), (*READ, "create", "update"), home),
        *_rights("coordination.k8s.io", ["leases"], ("create",), home),
        *_rights("coordination.k8s.io", ["leases"], ("get", "update"), home, "deploytrail-leader"),
        *_rights("", ["configmaps"], ("get",), home, "deploytrail-began"),
        *_rights("", ["configmaps"], ("get", "update"), home, "deploytrail-notification-preferences"),
    ]


def _rights(
    group: str,
    resources: Collection[str],
    verbs: Collection[str],
    namespace: str = "",
    name: str = "",
    *,
    optional: bool = False,
) -> list[Right]:
    return [Right(group, resource, verb, namespace, name, optional) for resource in resources for verb in verbs]


def _rules(missing: Collection[Right]) -> Iterator[str]:
    """Rights that differ only in the verb, and resources that lack the same verbs, go into one rule."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for right in missing:
        verbs.setdefault((right.group, right.resource, right.name), []).append(right.verb)
    resources: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (group, resource, name), several in verbs.items():
        resources.setdefault((group, name, tuple(several)), []).append(resource)
    for (group, name, lacking), alike in resources.items():
        one = f", resourceNames: [{name}]" if name else ""
        quoted = group or '""'
        yield f"- {{apiGroups: [{quoted}], resources: [{', '.join(alike)}]{one}, verbs: [{', '.join(lacking)}]}}"
