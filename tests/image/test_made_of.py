"""What is told of the product's parts, and that the same source makes the same wheel."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from hatch_build import FILES
from tests.image.test_dockerfile import ROOT, pinned

TAKEN = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software Foundation|MPL|Mozilla|ISC|Unlicense|Zope|0BSD|OFL", re.IGNORECASE
)
"""Licences under which parts may be passed on with an Apache-2.0 product, by a word of their names."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sbom")
    subprocess.run(["make", "sbom", f"DIST={folder}"], cwd=ROOT, check=True, capture_output=True)
    return folder


def components(folder: Path) -> list[dict[str, Any]]:
    bom = json.loads((folder / "sbom.cdx.json").read_text())
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "deploytrail"
    return list(bom["components"])


def of_npm(folder: Path) -> list[dict[str, Any]]:
    return [each for each in components(folder) if each["purl"].startswith("pkg:npm/")]


def test_the_bill_of_materials_names_what_is_locked_and_nothing_else(made: Path) -> None:
    others = [each for each in components(made) if each not in of_npm(made)]
    found = {re.sub(r"[-_.]+", "-", each["name"]).lower(): each["version"] for each in others}

    assert found.items() <= pinned("requirements.lock").items()
    assert {"kopf", "kubernetes", "fastapi", "uvicorn"} <= found.keys()
    assert str(made) not in (made / "sbom.cdx.json").read_text()


def test_the_bill_of_materials_names_what_the_pages_bring_along(made: Path) -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    parts = {"/".join(filter(None, (each.get("group"), each["name"]))): each for each in of_npm(made)}

    shipped = {name for name in parts if any(source.startswith(f"{name}/") for source in FILES.values())}

    assert shipped == parts.keys() == {path.removeprefix("node_modules/") for path in locked if path}
    for name, part in parts.items():
        assert part["version"] == locked[f"node_modules/{name}"]["version"]
        assert part["licenses"]
    whole = json.loads((made / "sbom.cdx.json").read_text())
    (product,) = [each for each in whole["dependencies"] if each["ref"] == "root-component"]
    assert {part["bom-ref"] for part in parts.values()} <= set(product["dependsOn"])


def test_the_bill_of_materials_is_as_its_format_wants_it(made: Path) -> None:
    bill = (made / "sbom.cdx.json").read_text()
    version = SchemaVersion[f"V{json.loads(bill)['specVersion'].replace('.', '_')}"]

    assert JsonStrictValidator(version).validate_str(bill) is None


def test_every_part_has_a_licence_that_lets_us_pass_it_on(made: Path) -> None:
    rows = [line.split("|") for line in (made / "licenses.md").read_text().splitlines()[2:]]
    licences = {row[1].strip(): row[3].strip() for row in rows}

    assert len(licences) == len(components(made))
    assert {name: licence for name, licence in licences.items() if not TAKEN.search(licence)} == {}


def test_the_same_source_makes_the_same_wheel(tmp_path: Path) -> None:
    wheels = [wheel(tmp_path / name, umask) for name, umask in (("one", 0o022), ("another/place", 0o077))]

    assert wheels[0].name == wheels[1].name
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def wheel(folder: Path, umask: int) -> Path:
    """Built from a copy whose files are new, with other rights."""
    names = (
        "operator",
        "pyproject.toml",
        "hatch_build.py",
        "package.json",
        "package-lock.json",
        "README.md",
        "LICENSE",
    )
    folder.mkdir(parents=True)
    command = 'umask "$1"; shift; cp -r "$@" . && exec "$PYTHON" -m build --wheel --no-isolation --outdir dist .'
    given = [f"{umask:o}", *(str(ROOT / name) for name in names)]
    environment = os.environ | {"PYTHON": sys.executable}
    subprocess.run(["sh", "-c", command, "sh", *given], cwd=folder, env=environment, check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    return built
