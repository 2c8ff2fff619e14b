"""The table of checks: each looks, and has judged what it saw."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from deploytrail import __version__
from deploytrail.doctor import judging, looking
from deploytrail.doctor.finding import Finding, fail, ok, skip, warn
from deploytrail.doctor.patient import Patient
from deploytrail.doctor.rights import forbidden, needed
from deploytrail.errors import Unavailable
from deploytrail.keys.file import FileKeys
from deploytrail.keys.secrets import SecretKeys
from deploytrail.kube.client import APPLICATIONS, DEPLOYMENT_EVENTS, Forbidden, Kind, Kube
from deploytrail.kube.crds import crds
from deploytrail.kube.kinds import KINDS
from deploytrail.kube.resources import GROUP, VERSION
from deploytrail.record.retention import Retention
from deploytrail.retention import SMALL
from deploytrail.stores.factory import inspect_store, newest_object

Look = Callable[[Patient], Awaitable[list[Finding]]]
LookInCluster = Callable[[Patient, Kube], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """A name, and how to look."""

    name: str
    look: Look
    in_cluster: bool
    """Whether there is nothing to see where no API server answers."""


async def installation(patient: Patient, kube: Kube) -> list[Finding]:
    """The Deployment, its pods, its version."""
    found, home = patient.installation, patient.settings.namespace
    if patient.hidden:
        return [
            skip("installation", "Deployments may not be seen by who asks: examined are its own settings and rights")
        ]
    if found is None:
        advice = "name its namespace: --namespace"
        return [warn("installation", f"no Deployment of Deploytrail in the namespace {home}", advice)]
    pods = {"wanted": found.wanted, "ready": found.ready}
    return [judging.judge_replicas(found.namespace, found.name, **pods, version=found.version, ours=__version__)]


async def kinds(patient: Patient, kube: Kube) -> list[Finding]:
    """Our CustomResourceDefinitions."""
    if not patient.records_here and "resources" not in patient.settings.sources:
        return [skip("kinds", "nothing here keeps or watches objects of ours")]
    made = {definition["metadata"]["name"]: definition for definition in crds()}
    installed = await looking.definitions(kube, made)
    if installed is None:
        ours = {kind.plural: Kind(GROUP, VERSION, kind.plural) for kind in KINDS}
        return [judging.judge_served(ours, [name for name, kind in ours.items() if await kube.serves(kind)])]
    return judging.judge_kinds([judging.Seen(each, installed.get(name)) for name, each in made.items()])


async def rights(patient: Patient, kube: Kube) -> list[Finding]:
    """What the ServiceAccount may do, and what it must."""
    settings = patient.settings
    asked = needed(
        home=settings.namespace,
        sources=settings.sources,
        records_here=patient.records_here,
        keys_here=settings.keys_file is None,
        expires=settings.retention.rule(SMALL) != Retention(),
        watched=settings.watched,
    )
    never = forbidden(settings.namespace)
    who = f"the ServiceAccount {patient.account}" if patient.account else await looking.who_asks(kube)
    try:
        has = set(await looking.allowed(kube, [*asked, *never], patient.account))
    except Forbidden:
        return [skip("rights", f"you may not ask about {who}", patient.in_the_pod)]
    found = judging.judge_rights(who or "who asks", asked, [right for right in asked if right not in has])
    is_account = patient.account is not None or who.startswith("system:serviceaccount:")
    return found + (judging.judge_forbidden(who, [r for r in never if r in has]) if is_account else [])


async def argocd(patient: Patient, kube: Kube) -> list[Finding]:
    """Whether there is an Argo CD, and which."""
    if "argocd" not in patient.settings.sources:
        return [skip("argocd", "not among the sources")]
    there = await kube.serves(APPLICATIONS)
    return [judging.judge_argocd(served=there, versions=await looking.argocd_versions(kube) if there else ())]


async def applications(patient: Patient, kube: Kube) -> list[Finding]:
    """How many are followed, where."""
    settings = patient.settings
    if "argocd" not in settings.sources:
        return [skip("applications", "argocd is not among the sources")]
    found = await looking.count_applications(kube, settings.watched, settings.argocd.selector)
    return [judging.judge_applications(found, settings.argocd.namespaces, settings.argocd.selector)]


async def store(patient: Patient) -> list[Finding]:
    """The store, what was last recorded in it, and what of it is still to be delivered."""
    if not patient.store_in_reach:
        message = "a database that only the pods can be sure to reach; see endpoint"
        return [skip("store", message, patient.in_the_pod)]
    if patient.records_here:
        return await _objects(patient)
    seen = await inspect_store(patient.settings.store)
    if seen is None:
        return [warn("store", "there is no SQLite file yet", "deploytrail run makes it at its first start")]
    progress, now = seen.progress, _now()
    found = [
        judging.judge_store(seen.name, found=progress.found, wanted=progress.wanted, is_newer=progress.is_newer),
    ]
    if seen.waiting is not None:
        found.append(judging.judge_last_event(seen.newest, now))
        found.append(judging.judge_backlog(seen.waiting, seen.waiting_since, now, delivers=False))
    return found


async def _objects(patient: Patient) -> list[Finding]:
    if patient.kube is None:
        return [skip("store", "records are kept in the cluster, which cannot be reached")]
    home = patient.settings.namespace
    await patient.kube.list(DEPLOYMENT_EVENTS, home, limit="1")
    newest = await newest_object(patient.kube, home)
    return [
        ok("store", f"kubernetes, in the namespace {home}"),
        judging.judge_last_event(newest, _now()),
        skip("backlog", "records in a cluster are their own outbox"),
    ]


async def keys(patient: Patient) -> list[Finding]:
    """The keys, never shown."""
    settings = patient.settings
    if "http" not in settings.sources:
        return [skip("keys", "http is not among the sources")]
    if not patient.keys_in_reach:
        return [skip("keys", f"they are in {settings.keys_file}, which only the pods have", patient.in_the_pod)]
    if settings.keys_file is not None:
        return [judging.judge_keys(await FileKeys(settings.keys_file).list(), _now())]
    if not settings.needs_cluster:
        return [fail("keys", "without a cluster the keys are in a file", "say which one with --keys-file")]
    if patient.kube is None:
        return [skip("keys", "they are Secrets in the cluster, which cannot be reached")]
    return [judging.judge_keys(await SecretKeys(patient.kube, namespace=settings.namespace).list(), _now())]


async def endpoint(patient: Patient) -> list[Finding]:
    """``/readyz`` by its URL, else through the Service, else where these settings listen."""
    if not patient.url and patient.installation is not None and patient.kube is not None:
        answered = await looking.through_service(patient.kube, patient.installation)
        if answered is None:
            return [warn("endpoint", "there is no Service in front of the pods", "give its address: --url")]
        where, answer = answered
        return [judging.judge_endpoint(where, answer.status, answer.body)]
    url = patient.url or f"http://{patient.settings.listen.replace('0.0.0.0', '127.0.0.1')}"  # noqa: S104 - taken out
    try:
        async with httpx.AsyncClient() as client:
            response = await client.get(f"{url.rstrip('/')}/readyz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        advice = "is it running? Another address: --url"
        return [fail("endpoint", f"{url} cannot be reached: {error or type(error).__name__}", advice)]
    is_object = response.headers.get("content-type", "").startswith("application/json")
    return [judging.judge_endpoint(url, response.status_code, response.json() if is_object else {})]


def _in_cluster(look: LookInCluster) -> Look:
    async def looked(patient: Patient) -> list[Finding]:
        if patient.kube is None:
            raise Unavailable("there is no cluster")
        return await look(patient, patient.kube)

    return looked


def _now() -> datetime:
    return datetime.now(UTC)


CHECKS = (
    Check("installation", _in_cluster(installation), in_cluster=True),
    Check("kinds", _in_cluster(kinds), in_cluster=True),
    Check("rights", _in_cluster(rights), in_cluster=True),
    Check("argocd", _in_cluster(argocd), in_cluster=True),
    Check("applications", _in_cluster(applications), in_cluster=True),
    Check("store", store, in_cluster=False),
    Check("keys", keys, in_cluster=False),
    Check("endpoint", endpoint, in_cluster=False),
)
"""After the API server and the clock; ``store`` tells of the last event and the backlog, too."""

NAMES = tuple(check.name for check in CHECKS)
