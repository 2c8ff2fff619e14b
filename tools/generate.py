"""Write everything that is made from something else, or only check it: ``python -m tools.generate [--check]``.

Made: crds/ from the models, the chart's CRD templates, schema and README table, manifests/ with Helm, and
docs/conformance.md from the names of the tests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploytrail.kube.crds import as_yaml, crds
from tests.controlplane.build import program
from tools.chart_files import crd_template, readme_with, schema_file
from tools.chart_values import read_values
from tools.conformance import conformance

ROOT = Path(__file__).parent.parent
CHART = Path("charts/deploytrail")
WHOLE = (Path("crds"), CHART / "templates/crds", Path("manifests"))
"""Folders in which every file is made: one that is no longer made does not belong there."""

NAMESPACE = "deploytrail"

_NOTE = "# Made by `make generate`. Do not edit.\n"
_NAMESPACE = f"""\
# The chart with its default values, for `kubectl apply --server-side -f -`; README.md says how the image is named.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""


def generate(root: Path) -> dict[Path, str]:
    """Every made file by its path below ``root``, from the sources there."""
    values = read_values((root / CHART / "values.yaml").read_text())
    made = {CHART / "values.schema.json": schema_file(values)}
    made[CHART / "README.md"] = readme_with(values, (root / CHART / "README.md").read_text())
    made[Path("docs/conformance.md")] = conformance(root)
    for definition in crds():
        name = f"{definition['spec']['names']['plural']}.yaml"
        made[Path("crds") / name] = _NOTE + as_yaml(definition)
        made[CHART / "templates/crds" / name] = crd_template(definition)
    made[Path("manifests/install.yaml")] = _NOTE + _NAMESPACE + _rendered(root, made)
    return made


def stale(root: Path, made: dict[Path, str]) -> list[Path]:
    """The files below ``root`` that are not as they would be made now, or not made at all."""
    wrong = [path for path, text in made.items() if not (root / path).is_file() or (root / path).read_text() != text]
    found = (file.relative_to(root) for folder in WHOLE for file in (root / folder).glob("*"))
    return wrong + [path for path in found if path not in made]


def write(root: Path, made: dict[Path, str]) -> list[Path]:
    """Make the files below ``root``; returns those that changed or went."""
    changed = stale(root, made)
    for path in changed:
        if path not in made:
            (root / path).unlink()
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(made[path])
    return changed


def _rendered(root: Path, made: dict[Path, str]) -> str:
    """The chart with default values, as Helm renders it from its sources and the files just made."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(root / CHART, Path(folder) / CHART, ignore=shutil.ignore_patterns("crds"))
        write(Path(folder), {path: text for path, text in made.items() if path.is_relative_to(CHART)})
        # Of the Kubernetes versions that have everything in the chart, the oldest.
        command = [
            "template",
            NAMESPACE,
            str(Path(folder) / CHART),
            f"--namespace={NAMESPACE}",
            "--kube-version=1.30.0",
            "--skip-tests",
        ]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE"))}
        done = subprocess.run(
            [program("helm"), *command], capture_output=True, text=True, env=environment | {"HOME": folder}
        )
    if done.returncode != 0:
        raise SystemExit(f"helm template: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` only compare; 1 when something is not as it should be."""
    made = generate(ROOT)
    if "--check" not in arguments:
        for path in write(ROOT, made):
            print(f"{'made' if path in made else 'removed'} {path}")
        return 0
    wrong = stale(ROOT, made)
    for path in wrong:
        print(f"{path} is not what `make generate` makes", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
