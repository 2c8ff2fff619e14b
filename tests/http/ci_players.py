"""What each CI system does with a pipeline, as far as the snippets of docs/ci need it: scripts in order, variables, and
what runs after a failure."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from tests.ci import ARGO_WORKFLOWS, ARGOCD, SHA, SYSTEMS, TEKTON
from tests.http.ci_job import environment

BASH, BASH_STRICT, SH = ("bash", "-c"), ("bash", "-eo", "pipefail", "-c"), ("sh", "-e", "-c")
PLACES = ("https://deploytrail.example.com", "http://deploytrail.deploytrail")
"""Where the pages say that Deploytrail is."""

REPOSITORY = "https://github.com/acme/shop"

JOB = "report-deployment-x7k2p"
"""What Kubernetes makes of the hook's generateName."""


@dataclass(frozen=True)
class Stage:
    """Where a job runs."""

    folder: Path
    url: str
    key: str
    deployed: int
    """The exit code of deploy.sh."""

    def prepare(self) -> None:
        """Put deploy.sh and the command there."""
        self._write("deploy.sh", f"exit {self.deployed}")
        (self.folder / "bin").mkdir()
        self._write("bin/deploytrail", f'exec {sys.executable} -m deploytrail "$@"')

    def run(self, shell: Sequence[str], script: str, variables: Mapping[str, str]) -> int:
        """Run a script, or with no shell a program; returns its exit code."""
        known = environment(variables, PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}")
        return subprocess.run([*shell, script], cwd=self.folder, env=known, check=False, timeout=60).returncode

    def _write(self, name: str, script: str) -> None:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


Player = Callable[[Sequence[str], int, Stage], int]
"""Of the page's blocks, plays the one with this number; returns the exit code of the job."""


def github(blocks: Sequence[str], number: int, stage: Stage) -> int:
    job = yaml.safe_load(blocks[number])["jobs"]["deploy"]
    known = {"vars.DEPLOYTRAIL_URL": stage.url, "secrets.DEPLOYTRAIL_KEY": stage.key, "job.status": "success"}
    result = 0
    for step in job["steps"]:
        if "run" not in step or (result and step.get("if") != "always()"):
            continue
        said = job.get("env", {}) | step.get("env", {})
        variables = SYSTEMS["github"] | {
            name: _fill(r"\$\{\{ ([\w.]+) \}\}", value, known) for name, value in said.items()
        }
        code = stage.run(("bash", "-e", "-c"), _fill(r"\$\{\{ ([\w.]+) \}\}", step["run"], known), variables)
        if code:
            result, known["job.status"] = result or code, "failure"
    return result


def gitlab(blocks: Sequence[str], number: int, stage: Stage) -> int:
    job = yaml.safe_load(blocks[number])["deploy"]
    environment = job["environment"]
    variables = SYSTEMS["gitlab"] | {
        "DEPLOYTRAIL_URL": stage.url,
        "DEPLOYTRAIL_KEY": stage.key,
        "CI_ENVIRONMENT_NAME": environment if isinstance(environment, str) else environment["name"],
    }
    result = stage.run(SH, "\n".join(job["script"]), variables)
    after = variables | {"CI_JOB_STATUS": "failed" if result else "success"}
    stage.run(SH, "\n".join(job.get("after_script", [])), after)
    return result


def jenkins(blocks: Sequence[str], number: int, stage: Stage) -> int:
    stages, _, post = blocks[number].partition("post {")
    variables = SYSTEMS["jenkins"] | dict(re.findall(r"(\w+) = '(.*)'", stages))
    variables |= dict.fromkeys(re.findall(r"(\w+) = credentials\('[\w-]+'\)", stages), stage.key)
    result = 0
    for script in _groovy_scripts(stages):
        result = result or stage.run(SH, script, variables)
    words = dict(re.findall(r"(\w+) \{ script \{ report\('(\w+)'\) \} \}", post))
    after = variables | {"RESULT": "FAILURE" if result else "SUCCESS"}
    after |= {"STATUS": words["failure" if result else "success"]} if words else {}
    reported = [stage.run(SH, script, after) for script in _groovy_scripts(post)]
    return result or max(reported, default=0)


def azure(blocks: Sequence[str], number: int, stage: Stage) -> int:
    [job] = yaml.safe_load(blocks[number])["jobs"]
    variables = SYSTEMS["azure"] | {"DEPLOYTRAIL_URL": stage.url, "ENVIRONMENT_NAME": job["environment"]}
    result = 0
    for step in job["strategy"]["runOnce"]["deploy"]["steps"]:
        if result and step.get("condition") != "always()":
            continue
        handed = {
            name: _fill(r"\$\((\w+)\)", value, {"DEPLOYTRAIL_KEY": stage.key})
            for name, value in step.get("env", {}).items()
        }
        state = {"AGENT_JOBSTATUS": "Failed" if result else "Succeeded"}
        code = stage.run(BASH, step["bash"], variables | state | handed)
        result = result or code
    return result


def circleci(blocks: Sequence[str], number: int, stage: Stage) -> int:
    config = yaml.safe_load(blocks[number])
    job = config["jobs"]["deploy"]
    variables = SYSTEMS["circleci"] | {"DEPLOYTRAIL_URL": stage.url, "DEPLOYTRAIL_KEY": stage.key}
    variables |= job.get("environment", {})
    result = 0
    for step in _circleci_steps(job["steps"], config.get("commands", {})):
        if step.get("when", "on_success") == ("on_fail" if result else "on_success"):
            code = stage.run(BASH_STRICT, step["command"], variables | step.get("environment", {}))
            result = result or code
    return result


def bitbucket(blocks: Sequence[str], number: int, stage: Stage) -> int:
    [entry] = yaml.safe_load(blocks[number])["pipelines"]["branches"]["main"]
    step = entry["step"]
    variables = SYSTEMS["bitbucket"] | {
        "DEPLOYTRAIL_URL": stage.url,
        "DEPLOYTRAIL_KEY": stage.key,
        "BITBUCKET_DEPLOYMENT_ENVIRONMENT": step["deployment"],
    }
    result = stage.run(SH, "\n".join(step["script"]), variables)
    stage.run(SH, "\n".join(step.get("after-script", [])), variables | {"BITBUCKET_EXIT_CODE": str(result)})
    return result


def tekton(blocks: Sequence[str], number: int, stage: Stage) -> int:
    spec = yaml.safe_load(blocks[number])["spec"]
    known = {param["name"]: param.get("default") for param in spec["params"]} | {
        "repository": REPOSITORY,
        "commit": SHA,
    }
    known = {f"params.{name}": value for name, value in known.items()} | {
        "context.pipelineRun.name": TEKTON["TEKTON_PIPELINE_RUN"],
        "context.pipelineRun.namespace": TEKTON["TEKTON_NAMESPACE"],
        "context.pipelineRun.uid": TEKTON["TEKTON_PIPELINE_RUN_UID"],
    }
    result = 0
    for task in [*spec["tasks"], *spec.get("finally", [])]:
        [step] = task["taskSpec"]["steps"]
        variables = _pod_variables(step, stage, lambda text: _fill(r"\$\(([\w.]+)\)", text, known))
        (stage.folder / "script").write_text(step["script"])
        code = stage.run(("sh",), "script", variables)
        result = result or code
        known["tasks.status"] = "Failed" if result else "Succeeded"
    return result


def argo_workflows(blocks: Sequence[str], number: int, stage: Stage) -> int:
    spec = yaml.safe_load(blocks[number])["spec"]
    templates = {template["name"]: template["script"] for template in spec["templates"]}
    known = {
        "workflow.name": ARGO_WORKFLOWS["ARGO_WORKFLOW_NAME"],
        "workflow.namespace": ARGO_WORKFLOWS["ARGO_WORKFLOW_NAMESPACE"],
        "workflow.uid": ARGO_WORKFLOWS["ARGO_WORKFLOW_UID"],
        "workflow.parameters.repository": REPOSITORY,
        "workflow.parameters.commit": SHA,
    }
    result = 0
    for name in filter(None, (spec["entrypoint"], spec.get("onExit"))):
        script = templates[name]
        variables = _pod_variables(script, stage, lambda text: _fill(r"\{\{([\w.]+)\}\}", text, known))
        code = stage.run((*script["command"], "-c"), script["source"], variables)
        known["workflow.status"] = "Failed" if code else "Succeeded"
        result = result or code
    return result


def argocd(blocks: Sequence[str], number: int, stage: Stage) -> int:
    """A hook runs after the sync, so deploy.sh has no part in it: a failed one is told by the hook that is played."""
    parameters = yaml.safe_load(blocks[0])["spec"]["source"]["helm"]["parameters"]
    values = {each["name"]: Template(each["value"]).substitute(ARGOCD) for each in parameters}
    text = blocks[number]
    if stage.deployed:
        text = text.replace("PostSync", "SyncFail").replace("success", "failed")
    job = yaml.safe_load(_fill(r"\{\{ \.Values\.([\w.]+) \}\}", text, values))
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == ("SyncFail" if stage.deployed else "PostSync")
    [container] = job["spec"]["template"]["spec"]["containers"]
    variables = _pod_variables(container, stage, str)
    *program, last = container.get("command") or ["deploytrail", *container["args"]]
    if program[0] == "deploytrail":
        program[0] = str(stage.folder / "bin/deploytrail")
    return stage.run(program, last, variables)


PLAYERS: Mapping[str, tuple[str, Player]] = {
    "github-actions": ("github", github),
    "gitlab-ci": ("gitlab", gitlab),
    "jenkins": ("jenkins", jenkins),
    "azure-pipelines": ("azure", azure),
    "circleci": ("circleci", circleci),
    "bitbucket-pipelines": ("bitbucket", bitbucket),
    "tekton": ("tekton", tekton),
    "argo-workflows": ("argo-workflows", argo_workflows),
    "argo-cd-hooks": ("argocd", argocd),
}
"""Page → the system and who plays it."""


def _fill(pattern: str, text: str, known: Mapping[str, Any]) -> str:
    return re.sub(pattern, lambda match: str(known[match[1]]), text)


def _groovy_scripts(text: str) -> list[str]:
    found = re.findall(r"sh '''(.*?)'''|sh '([^'\n]+)'", text, flags=re.DOTALL)
    # In these strings of Groovy, a backslash at the end of a line takes the line's end away.
    return [(long or short).replace("\\\n", "") for long, short in found]


def _circleci_steps(steps: Sequence[Any], commands: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if isinstance(step, str):
            continue
        [(name, given)] = step.items()
        if name == "run":
            yield {"command": given} if isinstance(given, str) else given
        else:
            text = yaml.safe_dump(commands[name]["steps"])
            yield from _circleci_steps(yaml.safe_load(_fill(r"<< parameters\.(\w+) >>", text, given)), commands)


def _pod_variables(container: Mapping[str, Any], stage: Stage, fill: Callable[[str], str]) -> dict[str, str]:
    found = {}
    for entry in container.get("env", []):
        if "value" in entry:
            found[entry["name"]] = fill(entry["value"])
        elif "secretKeyRef" in entry["valueFrom"]:
            found[entry["name"]] = stage.key
        else:
            assert entry["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['job-name']"
            found[entry["name"]] = JOB
    return found
