"""Facts of a cluster, asked of its API server."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from deploytrail.doctor.rights import Right
from deploytrail.errors import DeploytrailError
from deploytrail.kube.client import APPLICATIONS, Answer, Forbidden, Kind, Kube, Object

CRDS = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions")
DEPLOYMENTS = Kind("apps", "v1", "deployments")
SERVICES = Kind("", "v1", "services")
_REVIEWS = "authorization.k8s.io/v1"
_ITSELF = Kind("authentication.k8s.io", "v1", "selfsubjectreviews")

IN_A_SECRET = {"DEPLOYTRAIL_STORE": "postgresql://in-a-secret/"}
"""What stands for the value of a variable that is kept in a Secret, which is none of our business."""

ASKED_AT_ONCE = 8
"""Rights. Each costs a connection of its own: forty handshakes at once can be too much for a pod with little CPU."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An installed Deployment of ours, as its object says."""

    namespace: str
    name: str
    account: str
    wanted: int
    ready: int
    version: str
    told: Mapping[str, str]
    """The variables of its container."""
    labels: Mapping[str, str]
    """Of its pods."""


async def find_installations(kube: Kube, namespace: str) -> list[Installation] | None:
    """Deployments in the namespace that run Deploytrail; None when they may not be seen, as by a pod of ours."""
    try:
        page = await kube.list(DEPLOYMENTS, namespace)
    except Forbidden:
        return None
    return [found for item in page["items"] if (found := to_installation(item)) is not None]


def to_installation(deployment: Object) -> Installation | None:
    """What a Deployment says, if it has a container that is told where records are kept."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    pod = spec["template"]
    for container in pod["spec"]["containers"]:
        variables = {each["name"]: each for each in container.get("env") or []}
        if "DEPLOYTRAIL_STORE" not in variables:
            continue
        return Installation(
            namespace=metadata["namespace"],
            name=metadata["name"],
            account=pod["spec"].get("serviceAccountName") or "default",
            wanted=spec.get("replicas", 1),
            ready=(deployment.get("status") or {}).get("readyReplicas", 0),
            version=(metadata.get("labels") or {}).get("app.kubernetes.io/version", ""),
            told=dict(_told(variables, metadata["namespace"])),
            labels=pod["metadata"].get("labels") or {},
        )
    return None


def _told(variables: Mapping[str, Any], namespace: str) -> Mapping[str, str]:
    found = {name: each["value"] for name, each in variables.items() if "value" in each}
    found |= {name: value for name, value in IN_A_SECRET.items() if name in variables and name not in found}
    found["DEPLOYTRAIL_NAMESPACE"] = namespace
    return {name: value for name, value in found.items() if name.startswith("DEPLOYTRAIL_")}


async def who_asks(kube: Kube) -> str:
    """The name that the API server knows us by; empty when it does not say."""
    try:
        review = await kube.create(_ITSELF, "", {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    except DeploytrailError:
        return ""
    return str(review["status"]["userInfo"]["username"])


async def allowed(kube: Kube, rights: Collection[Right], account: str | None) -> list[Right]:
    """Those of the rights that ``account`` has, a ``namespace:name``; None asks for ourselves. May raise Forbidden."""
    gate = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(right: Right) -> bool:
        async with gate:
            return await _is_allowed(kube, right, account)

    answers = await asyncio.gather(*map(ask, rights))
    return [right for right, answer in zip(rights, answers, strict=True) if answer]


async def _is_allowed(kube: Kube, right: Right, account: str | None) -> bool:
    spec: Object = {"resourceAttributes": right.attributes}
    kind = "SelfSubjectAccessReview"
    if account is not None:
        kind, (namespace, _, _) = "SubjectAccessReview", account.partition(":")
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        spec |= {"user": f"system:serviceaccount:{account}", "groups": groups}
    review = {"apiVersion": _REVIEWS, "kind": kind, "spec": spec}
    answer = await kube.create(Kind("authorization.k8s.io", "v1", f"{kind.lower()}s"), "", review)
    return bool(answer["status"]["allowed"])


async def definitions(kube: Kube, names: Collection[str]) -> dict[str, Object] | None:
    """The CustomResourceDefinitions of these names that are there; None when they may not be read."""
    found: dict[str, Object] = {}
    for name in names:
        try:
            page = await kube.list(CRDS, None, fieldSelector=f"metadata.name={name}")
        except Forbidden:
            return None
        found |= {item["metadata"]["name"]: item for item in page["items"]}
    return found


async def count_applications(kube: Kube, namespaces: Collection[str], selector: str) -> Counter[str]:
    """Applications per namespace: of those given, or of the whole cluster."""
    found: Counter[str] = Counter()
    for namespace in namespaces or (None,):
        async for metadata in kube.metadata(APPLICATIONS, namespace, labels=selector):
            found[metadata["namespace"]] += 1
    return found


async def argocd_versions(kube: Kube) -> set[str]:
    """The tags of the images of Argo CD's servers; none when Deployments may not be seen."""
    try:
        page = await kube.list(DEPLOYMENTS, None, labelSelector="app.kubernetes.io/part-of=argocd")
    except Forbidden:
        return set()
    pods = [item["spec"]["template"]["spec"] for item in page["items"]]
    images = [container["image"] for pod in pods for container in pod["containers"] if "argocd" in container["image"]]
    return {tag for image in images if (tag := image.partition("@")[0].rpartition("/")[2].partition(":")[2])}


async def through_service(kube: Kube, installation: Installation) -> tuple[str, Answer] | None:
    """What ``/readyz`` answers through the Service in front of the installation; None where there is no Service."""
    page = await kube.list(SERVICES, installation.namespace)
    for service in page["items"]:
        selector = service["spec"].get("selector") or {}
        if selector and selector.items() <= installation.labels.items():
            name = service["metadata"]["name"]
            path = f"{SERVICES.path(installation.namespace)}/http:{name}:http/proxy/readyz"
            return f"the Service {name}", await kube.ask(path)
    return None
