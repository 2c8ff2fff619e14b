"""The image, as far as it can be had without Docker: its build commands are run as they stand, in a fresh environment.

Not shown here: the base image, the layers, and the user at work. The tests on real pods are for that.
"""

import importlib.metadata
import json
import re
import subprocess
from pathlib import Path

import pytest

from deploytrail import __version__
from hatch_build import FILES
from tests.image.dockerfile import Stage, build, read

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def stages() -> list[Stage]:
    return read((ROOT / "Dockerfile").read_text())


@pytest.fixture(scope="session")
def installed(stages: list[Stage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the image would carry."""
    return build(stages[0], ROOT, tmp_path_factory.mktemp("image"))["VENV"]


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==([^\s;]+)", text, re.MULTILINE))


def distributions(environment: Path) -> dict[str, str]:
    (packages,) = environment.glob("lib/python*/site-packages")
    found = importlib.metadata.distributions(path=[str(packages)])
    return {re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in found}


def test_the_program_runs_and_says_its_version(installed: Path) -> None:
    done = subprocess.run([installed / "bin/deploytrail", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout == f"deploytrail, version {__version__}\n"


def test_the_command_the_image_runs_is_there(installed: Path, stages: list[Stage]) -> None:
    (entry,), (command,) = stages[1].all("ENTRYPOINT"), stages[1].all("CMD")

    done = subprocess.run(
        [installed / "bin" / json.loads(entry)[0], *json.loads(command), "--help"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "DEPLOYTRAIL_LISTEN" in done.stdout


def test_it_holds_the_locked_packages_and_no_others(installed: Path) -> None:
    found = distributions(installed)

    locked = pinned("requirements.lock")
    assert found.pop("deploytrail") == __version__
    assert found.items() <= locked.items()
    assert {"kopf", "kubernetes", "fastapi", "uvicorn"} <= found.keys()
    assert "pip" not in found


def test_it_holds_what_the_pages_use_and_the_licences(installed: Path) -> None:
    (pages,) = installed.glob("lib/python*/site-packages/deploytrail/serve/pages")

    assert not [name for name in FILES if not (pages / "vendor" / name).is_file()]


def test_what_it_holds_fits_together(installed: Path) -> None:
    pip = installed.parent / "tools/bin/pip"

    done = subprocess.run([pip, "--python", installed / "bin/python", "check"], capture_output=True, text=True)

    assert done.stdout.startswith("No broken requirements found"), done.stdout + done.stderr


def test_all_that_is_copied_is_let_into_the_context(stages: list[Stage]) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    copied = {name for rest in stages[0].all("COPY") for name in rest.split()[:-1]}

    assert ignored[0] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied


def test_the_last_stage_takes_the_environment_and_nothing_else(stages: list[Stage]) -> None:
    environment = stages[0].environment["VENV"]

    assert len(stages) == 2
    assert stages[1].all("COPY") == [f"--from=build {environment} {environment}"]
    assert stages[1].all("RUN") == []
    assert stages[1].environment["PATH"].startswith(f"{environment}/bin:")
    assert stages[0].base.split()[0] == stages[1].base


def test_its_labels_say_what_it_is(stages: list[Stage]) -> None:
    (labels,) = stages[1].all("LABEL")

    named = set(re.findall(r"org\.opencontainers\.image\.([a-z.]+)=", labels))
    assert named >= {"title", "description", "url", "documentation", "licenses", "version", "revision", "base.name"}
    assert 'version="${VERSION}"' in labels
    assert 'revision="${REVISION}"' in labels


def test_no_generated_class_of_the_kubernetes_client_is_left(installed: Path) -> None:
    (client,) = installed.glob("lib/python*/site-packages/kubernetes/aio/client")

    assert [file.name for file in (client / "api").glob("*.py")] == ["__init__.py"]


def test_it_is_as_large_as_its_page_says(installed: Path) -> None:
    """Another version of Python, or another processor, makes a few percent."""
    told = re.search(r"^\| together \| (\d+) \|", (ROOT / "docs/image.md").read_text(), re.MULTILINE)
    measured = sum(file.stat().st_size for file in installed.rglob("*") if file.is_file() and not file.is_symlink())

    assert told is not None
    assert measured / 1e6 == pytest.approx(int(told[1]), rel=0.1)


def test_its_user_is_a_number_and_not_root(stages: list[Stage]) -> None:
    (user,) = stages[1].all("USER")

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_both_locks_pin_the_same_where_they_overlap() -> None:
    runtime, build_tools, development = (pinned(f"requirements{name}.lock") for name in ("", "-build", "-dev"))

    assert runtime.items() <= development.items()
    assert build_tools.items() <= development.items()
