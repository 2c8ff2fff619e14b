"""From the version before to this one, with data in place; and what is left when all of it is uninstalled."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploytrail.kube.crds import crds
from tests.node.conftest import Say
from tests.node.images import TOOLS
from tests.node.installation import Installation
from tests.node.kind import Kind
from tests.node.node import Node
from tests.node.pods import as_json, job
from tests.node.sources import ROOT, previous
from tests.node.stores import STORES, provide

KINDS = [definition["metadata"]["name"] for definition in crds()]

LISTS = ("deployments", "builds", "annotations")

REPORTS = """\
post() {
  curl --fail-with-body --silent --show-error --retry 5 --retry-connrefused "$URL/$1" \\
    -H "Authorization: $2 $KEY" -H 'Content-Type: application/json' -d "$3"
}
web='"product_name": "web", "version": "'$VERSION'", "build_number": "'$VERSION'"'
post build-events/ Bearer "{$web, \\"status\\": \\"completed\\", \\"scm_sha\\": \\"$COMMIT\\"}"
post deployment-events/ Bearer "{$web, \\"status\\": \\"success\\", \\"environment_name\\": \\"production\\"}"
post api/events/push Token '{"type": "config_change", "content": "for web '$VERSION'"}'
"""
"""One of each kind. Told again, all but the note are the same, by their build number."""

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def installation(node: Node | Kind, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Not installed yet, in a cluster that does not know our kinds."""
    node.delete_crds(*KINDS)
    name = re.sub(r"[\W_]+", "-", request.node.name).strip("-")[-20:].strip("-")
    installation = Installation(node, name, first=True)
    installation.create_namespace()
    yield installation
    installation.remove()


def report(installation: Installation, key: str, version: str, name: str) -> None:
    """A build, its deployment and a note of a version, from a job of that name."""
    told = {"URL": installation.url, "KEY": key, "VERSION": version, "COMMIT": COMMIT}
    installation.kubectl("apply", "-f", "-", input=as_json(job(name, TOOLS, ["sh", "-ec", REPORTS], told)))
    installation.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=90s")


def objects(installation: Installation) -> list[Any]:
    """What is in the namespace of our kinds."""
    items = installation.cluster.get(",".join(KINDS), "-n", installation.namespace)["items"]
    return [(each["kind"], each["metadata"]["uid"], each["spec"]) for each in items]


def shown(installation: Installation, key: str) -> dict[str, Any]:
    """All that the read API tells of what was reported."""
    with (
        installation.forwarded() as url,
        httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client,
    ):
        return {
            path: client.get(f"{url}/api/v1/{path}").raise_for_status().json() for path in (*LISTS, "versions/web/1")
        }


def as_far_as(known: Any, value: Any) -> Any:
    """The value without the fields that were not known: a newer version shows more."""
    match known, value:
        case dict(), dict():
            return {name: as_far_as(known[name], inner) for name, inner in value.items() if name in known}
        case list(), list() if len(known) == len(value):
            return [as_far_as(*pair) for pair in zip(known, value, strict=True)]
        case _:
            return value


@pytest.mark.parametrize("store", STORES)
def test_the_version_before_is_upgraded_with_its_data_and_its_kinds(
    store: str, installation: Installation, node: Node | Kind, tmp_path: Path, say: Say
) -> None:
    values = provide(store, installation)
    before = previous(tmp_path)
    node.load_product(before)
    installation.install(*values, 'image.tag="previous"', chart=before.folder / "charts/deploytrail")
    key = installation.create_key("ci", "ingest", "read")
    report(installation, key, "1", "before")
    kept, known = objects(installation), shown(installation, key)
    assert not node.answers("diff", "-f", str(ROOT / "crds")), (
        "the kinds have not changed: upgrade from an older version"
    )

    installation.install(*values)

    say(f"{store}: upgraded from {before.revision[:12]}")
    assert node.answers("diff", "-f", str(ROOT / "crds"))
    assert objects(installation) == kept
    assert as_far_as(known, shown(installation, key)) == known
    assert known["versions/web/1"]["commit"] == COMMIT
    report(installation, key, "1", "again")
    report(installation, key, "2", "after")
    now = shown(installation, key)
    assert {path: len(now[path]["items"]) for path in LISTS} == {"deployments": 2, "builds": 2, "annotations": 3}, (
        "one version, told to the old one and again to the new one, and another; a note is told apart by its time alone"
    )


def test_uninstalling_keeps_records_until_they_are_removed_as_the_notes_say(
    installation: Installation, node: Node | Kind
) -> None:
    installation.install()
    report(installation, installation.create_key("ci", "ingest"), "1", "once")
    notes = node.helm("get", "notes", installation.name, "-n", installation.namespace)
    records = objects(installation)

    node.helm("uninstall", installation.name, "-n", installation.namespace, "--wait")
    kept = objects(installation)
    commands = re.findall(r"^ +kubectl (delete crd .+)$", notes, re.MULTILINE)
    for command in commands:
        node.kubectl(*command.split())

    assert kept == records
    assert {kind for kind, _, _ in kept} == {"DeploymentEvent", "BuildEvent", "Version", "Annotation"}
    assert len(commands) == 1
    assert node.kubectl("get", "crd", *KINDS, "--ignore-not-found") == ""
