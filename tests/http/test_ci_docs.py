"""Every snippet of docs/ci, taken from its page and run with its system's variables against the real endpoint."""

import re
from pathlib import Path

import pytest

from deploytrail.record.model import Deployment
from deploytrail.reporting.facts import find
from deploytrail.reporting.systems import SYSTEMS as KNOWN
from deploytrail.reporting.systems import System
from tests.ci import GITLAB, SHA, SYSTEMS
from tests.fakes import SECRET
from tests.http.ci_players import BASH, JOB, PLACES, PLAYERS, REPOSITORY, Stage
from tests.http.endpoint import Endpoint

DOCS = Path(__file__).parents[2] / "docs/ci"


def blocks(page: str, language: str = "yaml|groovy") -> list[str]:
    return re.findall(rf"^```(?:{language})\n(.*?)^```", (DOCS / f"{page}.md").read_text(), re.MULTILINE | re.DOTALL)


def playable() -> list[tuple[str, int]]:
    """Page and number of each block; the first of Argo CD is a part of the second."""
    return [
        (page, number)
        for page in PLAYERS
        for number in range(len(blocks(page)))
        if (page, number) != ("argo-cd-hooks", 0)
    ]


def invocations(system: str) -> set[str]:
    """By what one run is told from the next: its id; in the cluster its name is another each time, too."""
    if system == "argocd":
        return {JOB}
    facts = find({}, SYSTEMS[system])
    return {facts["invoke_id"], *([facts["build_number"]] if system in ("tekton", "argo-workflows") else [])}


def play(page: str, number: int, folder: Path, *, deployed: int, key: str = SECRET) -> tuple[int, list[Deployment]]:
    """The job's exit code, and what was recorded."""
    _, player = PLAYERS[page]
    with Endpoint() as endpoint:
        stage = Stage(folder, f"http://127.0.0.1:{endpoint.port}", key, deployed)
        stage.prepare()
        text = blocks(page)
        for place in PLACES:
            text = [block.replace(place, stage.url) for block in text]
        return player(text, number, stage), endpoint.deployments("shop")


@pytest.mark.parametrize(("page", "number"), playable())
def test_a_snippet_reports_a_deployment_with_what_its_system_knows(page: str, number: int, tmp_path: Path) -> None:
    system = PLAYERS[page][0]
    plain = (page, number) == ("argo-cd-hooks", 2)  # no chart, so no variables

    code, [record] = play(page, number, tmp_path, deployed=0)

    assert (code, record.status.value, record.environment) == (0, "completed", "production")
    assert record.metadata["source_system"] == system
    assert record.metadata["invoke_id"] in invocations(system)
    assert record.commit == (None if plain else SHA)
    assert record.version == ("1.2.3" if plain else SHA)
    assert record.repository == (REPOSITORY if plain else find({}, SYSTEMS[system]).get("repository", REPOSITORY))


@pytest.mark.parametrize(("page", "number"), playable())
def test_a_snippet_reports_a_deployment_that_failed(page: str, number: int, tmp_path: Path) -> None:
    code, [record] = play(page, number, tmp_path, deployed=3)

    assert code == (3 if page != "argo-cd-hooks" else 0)
    assert record.status.value == "failed"


@pytest.mark.parametrize(("page", "number"), playable())
def test_a_snippet_never_breaks_a_deployment(page: str, number: int, tmp_path: Path) -> None:
    code, recorded = play(page, number, tmp_path, deployed=0, key="wrong")

    assert (code, recorded) == (0, [])


@pytest.mark.parametrize("page", PLAYERS)
def test_a_page_shows_it_with_the_command_and_with_curl(page: str) -> None:
    text = "".join(blocks(page))

    assert "deploytrail report" in text or "report, deployment" in text
    assert "curl " in text


def test_every_page_is_played_and_listed() -> None:
    pages = {file.stem for file in DOCS.glob("*.md")} - {"README"}

    assert pages == set(PLAYERS)
    assert pages == set(re.findall(r"\]\(([\w-]+)\.md\)", (DOCS / "README.md").read_text()))


@pytest.mark.parametrize("system", KNOWN, ids=lambda system: system.name)
def test_a_page_names_every_variable_that_is_read(system: System) -> None:
    [page] = [page for page, (name, _) in PLAYERS.items() if name == system.name]
    table = (DOCS / f"{page}.md").read_text().partition("## What the command reads")[2]

    for template in (each for several in system.fields.values() for each in several):
        assert all(name in table for name in re.findall(r"\{([A-Z0-9_]+)", template))


@pytest.mark.parametrize("line", "".join(blocks("README", "sh")).splitlines())
def test_a_line_of_the_overview_works_as_it_stands(line: str, tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        stage = Stage(tmp_path, f"http://127.0.0.1:{endpoint.port}", SECRET, deployed=0)
        stage.prepare()

        code = stage.run(BASH, line, GITLAB | {"DEPLOYTRAIL_URL": stage.url, "DEPLOYTRAIL_KEY": SECRET})

        assert code == 0
        assert bool(endpoint.deployments("shop") or endpoint.builds("shop")) == ("--dry-run" not in line)
