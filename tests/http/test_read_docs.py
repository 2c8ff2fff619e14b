"""The commands of docs/read-api.md, run as they stand there by sh and curl."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import SECRET
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, DEPLOYMENTS, build, deployment, told

PAGE = (Path(__file__).parents[2] / "docs/read-api.md").read_text()
SETUP, *SNIPPETS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def filled() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        told(endpoint, DEPLOYMENTS, deployment(product_name="shop", status="failed"))
        told(endpoint, BUILDS, build(product_name="shop"))
        yield endpoint


def run(endpoint: Endpoint, script: str, folder: Path) -> str:
    """What it prints; an error of any command is one of the test."""
    variables = f"DEPLOYTRAIL_URL=http://127.0.0.1:{endpoint.port} DEPLOYTRAIL_KEY={SECRET}"
    setup = re.sub(r"(?m)^export .*$", f"export {variables}", SETUP)
    done = subprocess.run(
        ["sh", "-euc", setup + script], check=False, capture_output=True, text=True, cwd=folder, env=os.environ.copy()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", [line for each in SNIPPETS for line in each.splitlines() if line.startswith("ask")])
def test_every_command_works(filled: Endpoint, script: str, tmp_path: Path) -> None:
    run(filled, "tag=none\n" + script, tmp_path)


def test_the_failed_deployment_is_found(filled: Endpoint, tmp_path: Path) -> None:
    assert '"product":"shop"' in run(filled, SNIPPETS[0], tmp_path)


def test_an_export_is_a_file(filled: Endpoint, tmp_path: Path) -> None:
    shown = run(filled, SNIPPETS[2], tmp_path)

    assert (tmp_path / "deployments.csv").read_text().splitlines()[0].startswith("id,product,version,environment")
    assert shown.startswith("received_at,reporter,")


def test_asking_again_is_answered_304(filled: Endpoint, tmp_path: Path) -> None:
    assert run(filled, SNIPPETS[3], tmp_path).startswith("304\n")


@pytest.mark.parametrize("path", re.findall(r"^\| `([a-z]+)[`/,]", PAGE, re.MULTILINE))
def test_every_list_of_the_table_is_there(filled: Endpoint, path: str) -> None:
    expected = "/api/v1/versions/{product}/{version}" if path == "versions" else f"/api/v1/{path}"

    assert expected in filled.get("/openapi.json").json()["paths"]
