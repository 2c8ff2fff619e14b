"""What the pages use in the browser, for the bill of materials and the licences: ``python -m tools.page_parts DIST``.

The tools that make both read Python's packages alone; these parts come from npm, as package-lock.json pins them.
"""

import json
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cyclonedx.spdx import fixup_id

LOCK = Path(__file__).parent.parent / "package-lock.json"
BILL, LICENCES = "sbom.cdx.json", "licenses.md"
ROOT = "root-component"
"""What cyclonedx-py calls the product."""


def components(lock: dict[str, Any]) -> list[dict[str, Any]]:
    """The packages of a package-lock.json, as CycloneDX has them."""
    return [_component(name, package) for name, package in _packages(lock).items()]


def _packages(lock: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By name, without the one that only lists the others."""
    return {path.rpartition("node_modules/")[2]: each for path, each in sorted(lock["packages"].items()) if path}


def _component(name: str, package: dict[str, Any]) -> dict[str, Any]:
    group, _, short = name.rpartition("/")
    algorithm, _, digest = package["integrity"].partition("-")
    purl = f"pkg:npm/{quote(name)}@{package['version']}"
    return {
        "bom-ref": purl,
        "type": "library",
        **({"group": group} if group else {}),
        "name": short,
        "version": package["version"],
        "purl": purl,
        "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": b64decode(digest).hex()}],
        "licenses": [{"license": {"acknowledgement": "declared", **_license(package["license"])}}],
        "externalReferences": [{"type": "distribution", "url": _page(name)}],
    }


def _license(declared: str) -> dict[str, str]:
    known = fixup_id(declared)
    return {"id": known} if known else {"name": declared}


def _page(name: str) -> str:
    return f"https://www.npmjs.com/package/{name}"


def with_parts(bill: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The bill with these parts among the components, and the product depending on them."""
    refs = [part["bom-ref"] for part in parts]
    root = [
        each | {"dependsOn": sorted([*each.get("dependsOn", ()), *refs])} if each["ref"] == ROOT else each
        for each in bill["dependencies"]
    ]
    dependencies = [*root, *({"ref": ref} for ref in refs)]
    return bill | {"components": [*bill["components"], *parts], "dependencies": dependencies}


def rows(lock: dict[str, Any]) -> str:
    """The packages as rows of the table of licences."""
    return "".join(
        f"| {name} | {package['version']} | {package['license']} | {_page(name)} |\n"
        for name, package in _packages(lock).items()
    )


def main() -> None:
    """Add them to both files in the folder that is named."""
    folder, lock = Path(sys.argv[1]), json.loads(LOCK.read_text())
    bill = with_parts(json.loads((folder / BILL).read_text()), components(lock))
    (folder / BILL).write_text(json.dumps(bill, indent=2) + "\n")
    licences = (folder / LICENCES).read_text()
    (folder / LICENCES).write_text(licences.rstrip("\n") + "\n" + rows(lock))


if __name__ == "__main__":
    main()
