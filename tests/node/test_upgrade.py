"""From the version before to this one, with data in place; and what is left when all of it is uninstalled."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploytrail.kube.crds import crds
from tests.node.conftest import Say
from tests.node.images import TOOLS
from tests.node.installation import Installation
from tests.node.kind import Kind
from tests.node.node import Node
from tests.node.pods import as_json, job
from tests.node.sources import ROOT, previous
from tests.node.test_installed import POST

KINDS = [definition["metadata"]["name"] for definition in crds()]


@pytest.fixture
def installation(node: Node | Kind, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """Not installed yet, in a cluster that does not know our kinds."""
    node.delete_crds(*KINDS)
    installation = Installation(node, request.node.name[:20].replace("_", "-"), first=True)
    installation.create_namespace()
    yield installation
    installation.remove()


def report(installation: Installation, key: str, name: str) -> None:
    """The same report every time, from a job of that name."""
    told = {"URL": installation.url, "KEY": key}
    installation.kubectl("apply", "-f", "-", input=as_json(job(name, TOOLS, ["sh", "-ec", POST], told)))
    installation.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=90s")


def specs(installation: Installation) -> list[Any]:
    return [(each["metadata"]["uid"], each["spec"]) for each in installation.records()]


def test_the_version_before_is_upgraded_with_its_data_and_its_kinds(
    installation: Installation, node: Node | Kind, tmp_path: Path, say: Say
) -> None:
    before = previous(tmp_path)
    node.load_product(before)
    installation.install('image.tag="previous"', chart=before.folder / "charts/deploytrail")
    key = installation.create_key("ci", "ingest", "read")
    report(installation, key, "before")
    records = specs(installation)
    assert not node.answers("diff", "-f", str(ROOT / "crds")), (
        "the kinds have not changed: upgrade from an older version"
    )

    installation.install()

    say(f"upgraded from {before.revision[:12]}")
    assert node.answers("diff", "-f", str(ROOT / "crds"))
    assert specs(installation) == records
    assert [each["product"] for each in installation.asked(key)] == ["ci/curl"]
    report(installation, key, "after")
    assert len(installation.records()) == 1, "one report, told to the old version and again to the new one"


def test_uninstalling_keeps_records_until_they_are_removed_as_the_notes_say(
    installation: Installation, node: Node | Kind
) -> None:
    installation.install()
    report(installation, installation.create_key("ci", "ingest"), "once")
    notes = node.helm("get", "notes", installation.name, "-n", installation.namespace)
    records = specs(installation)

    node.helm("uninstall", installation.name, "-n", installation.namespace, "--wait")
    kept = specs(installation)
    commands = re.findall(r"^ +kubectl (delete crd .+)$", notes, re.MULTILINE)
    for command in commands:
        node.kubectl(*command.split())

    assert kept == records
    assert len(commands) == 1
    assert node.kubectl("get", "crd", *KINDS, "--ignore-not-found") == ""
