"""The clients of the four products, pointed at us unchanged: their documents' snippets, and what their tools send.

The files in snippets/ hold the documents' examples as they are printed there. Base URL and key are replaced, variables
of CI systems are set, and then they are run with the curl of this machine.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploytrail.keys.ring import KeyRing
from tests.fakes import SECRET, key
from tests.http.endpoint import Endpoint
from tests.http.versioner import BUILDS, DEPLOYMENTS, product, told

SNIPPETS = sorted((Path(__file__).parent / "snippets").iterdir())
SHA = "abc123def456789012345678901234567890abcd"
TOKEN = "78e64233e09d3d8ec7bf73c4d9ea8a8851badbd216"

VARIABLES = {
    "VERSIONER_API_KEY": SECRET,
    "VM_WORKSPACE_KEY": SECRET,
    "REPOSITORY": "owner/repo",
    "BRANCH": "main",
    "COMMIT_SHA": SHA,
    "BUILD_NUMBER": "77",
    "BUILD_USER": "jane",
    "BUILD_URL": "https://jenkins.example.com/job/1/77/",
    "CI_COMMIT_SHORT_SHA": SHA[:8],
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_BRANCH": "",
    "CI_JOB_URL": "https://gitlab.example.com/-/jobs/1",
    "CI_PIPELINE_ID": "9",
    "CI_PROJECT_PATH": "group/sub/project",
    "GITLAB_USER_LOGIN": "jane",
}
GITHUB = {
    "secrets.VERSIONER_API_KEY": SECRET,
    "secrets.VM_WORKSPACE_KEY": SECRET,
    "github.sha": SHA,
    "github.actor": "jane",
    "github.ref_name": "main",
    "github.server_url": "https://github.com",
    "github.repository": "owner/repo",
    "github.run_id": "123",
}


@pytest.fixture(scope="module")
def clean() -> Iterator[Endpoint]:
    """An endpoint to which the documents' examples come first."""
    keys = [key(), key("YOUR_TOKEN", name="hivel"), key(TOKEN, name="site")]
    with Endpoint(ring=KeyRing(keys), environments="production") as running:
        yield running


def command(snippet: Path, base: str) -> str:
    """What the shell of the snippet's CI system would run."""
    text = snippet.read_text()
    match snippet.suffix:
        case ".yaml":
            [text] = [found for found in _strings(yaml.safe_load(text)) if "curl " in found]
        case ".groovy":
            text = text.split('"""')[1].replace("\\\\", "\\")
    text = re.sub(r"\$\{\{ (\S+) \}\}", lambda name: (GITHUB | {"secrets.VM_API_URL": base})[name[1]], text)
    return re.sub(r"https://(api\.versioner\.io|app\.hivel\.ai|app\.quanta\.io)", base, text)


def tellings(endpoint: Endpoint) -> int:
    return sum(len(record.tellings) for record in endpoint.recorded())


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _strings(each)
        case list():
            for each in value:
                yield from _strings(each)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda path: path.stem)
def test_the_documents_own_examples_are_recorded(clean: Endpoint, snippet: Path) -> None:
    base = f"http://127.0.0.1:{clean.port}"
    before = tellings(clean)
    environment = {"PATH": os.environ["PATH"], "VM_API_URL": base, **VARIABLES}

    done = subprocess.run(
        ["bash", "-c", command(snippet, base)], capture_output=True, text=True, env=environment, timeout=30
    )

    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer.keys() & {"id", "success"}, answer
    assert tellings(clean) == before + 1


def test_every_document_has_its_examples_here() -> None:
    assert {path.name.partition("-")[0] for path in SNIPPETS} == {"versioner", "hivel", "vibemonitor", "quanta"}
    assert len(SNIPPETS) == 16


CLI = {"User-Agent": "versioner-cli/1.4.0", "Accept": "application/json"}
ACTION = {"User-Agent": "axios/1.7.7", "Accept": "application/json, text/plain, */*"}


def test_c043_and_c082_to_c084_the_command_lines_deployment(endpoint: Endpoint) -> None:
    name = product()
    body = {
        "product_name": name,
        "version": "1.2.3",
        "environment_name": "production",
        "status": "completed",
        "source_system": "github",
        "build_number": "456",
        "scm_sha": SHA,
        "scm_repository": "mycompany/my-service",
        "build_url": "https://github.com/mycompany/my-service/actions/runs/123",
        "deploy_url": "https://github.com/mycompany/my-service/actions/runs/124",
        "invoke_id": "123",
        "deployed_by": "jane",
        "deployed_by_email": "jane@example.com",
        "deployed_by_name": "Jane",
        "completed_at": "2026-11-21T11:58:03.123456789Z",
        "skip_preflight_checks": True,
        "extra_metadata": {"vi_gh_workflow": "deploy"},
    }

    answer = as_client(endpoint, DEPLOYMENTS, body, CLI)

    for field in ("id", "product_id", "version_id", "environment_id", "status"):
        assert isinstance(answer[field], str)
        assert answer[field]
    assert answer["deployed_at"] == "2026-11-21T11:58:03.123456Z"
    assert endpoint.deployments(name)[0].metadata["vi_gh_workflow"] == "deploy"


def test_c098_the_command_lines_build(endpoint: Endpoint) -> None:
    body = {
        "product_name": product(),
        "version": "1.2.3",
        "status": "started",
        "source_system": "jenkins",
        "build_number": "456",
        "scm_sha": SHA,
        "scm_branch": "main",
        "invoke_id": "123",
        "built_by": "jane",
        "built_by_email": "jane@example.com",
        "started_at": "2026-11-21T13:58:03+02:00",
    }

    answer = as_client(endpoint, BUILDS, body, CLI)

    assert answer["started_at"] == "2026-11-21T11:58:03Z"
    assert answer["completed_at"] is None
    for field in ("id", "product_id", "version_id", "status"):
        assert answer[field]


def test_c084_the_github_action_finds_its_deployment_id(endpoint: Endpoint) -> None:
    body = {
        "product_name": product(),
        "version": SHA,
        "environment_name": "production",
        "status": "success",
        "scm_repository": "mycompany/my-service",
        "scm_sha": SHA,
        "source_system": "github",
        "build_number": "7",
        "invoke_id": "123",
        "build_url": "https://github.com/mycompany/my-service/actions/runs/123",
        "deployed_by": "jane",
        "completed_at": "2026-11-21T11:58:03.123Z",
        "extra_metadata": {"vi_gh_event": "push"},
    }

    answer = as_client(endpoint, DEPLOYMENTS, body, ACTION)

    assert answer["id"] == answer["deployment_id"]
    assert answer["created_at"]


def as_client(endpoint: Endpoint, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    with endpoint.client(Authorization=f"Bearer {SECRET}", **headers) as client:
        answer: httpx.Response = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    assert told(endpoint, path, body).json() == answer.json()
    shown: dict[str, Any] = answer.json()
    return shown
