"""What happens: Argo CD syncs, CI posts, a person applies, and two mistakes are answered."""

import threading
import time
from collections.abc import Callable

import httpx

from tests.argocd.pace import Pace
from tests.argocd.scenarios import SCENARIOS
from tests.argocd.shapes import Setup
from tests.controlplane.cluster import CommandFailed
from tests.demo.screen import Screen, pretty
from tests.demo.stage import Stage

PLAYS = {
    "shop": "healthy_rollout",
    "cart": "failed_sync",
    "search": "degraded_rollout",
    "mail": "superseded",
    "billing": "rollback",
    "stock": "self_heal_after_sync",
    "audit": "dry_run",
}
"""Application → what happens to it."""

SPEED = 4.0

POST = {
    "deployment_id": "deploy-20261121-1200",
    "event_type": "completed",
    "status": "SUCCESS",
    "repo_url": "https://github.com/acme/payments",
    "commit_hash": "abc123def456789012345678901234567890abcd",
    "environment": "production",
    "start_time": "2026-11-21T07:00:00Z",
    "end_time": "2026-11-21T07:15:30Z",
    "branch": "main",
    "image": "acme/payments:v1.2.3",
}

APPLIED = """\
apiVersion: deploytrail.dev/v1alpha1
kind: DeploymentEvent
metadata:
  name: website-2-0-0
  namespace: default
spec:
  product: website
  version: 2.0.0
  environment: staging
  status: completed
  startedAt: 2026-11-21T07:00:00Z
  finishedAt: 2026-11-21T07:01:30Z
  deployedBy: alice
"""


def play_all(stage: Stage, screen: Screen) -> None:
    """One after the other, each before the viewer's eyes."""
    _argocd(stage, screen)
    _ci(stage, screen)
    _kubectl(stage, screen)
    screen.heading("Everything that was deployed, whoever said so")
    screen.command("kubectl get dep -A", stage.cluster.kubectl("get", "dep", "-A"))


def _argocd(stage: Stage, screen: Screen) -> None:
    screen.heading(f"Argo CD syncs {len(PLAYS)} Applications (played, {SPEED:g} times as fast as life)")
    shown: dict[str, str] = {}

    def show() -> None:
        for item in reversed(stage.deployments()):
            if shown.get(item["id"]) != item["status"]:
                shown[item["id"]] = item["status"]
                screen.change(item)

    plays = [threading.Thread(target=_play, args=(stage, name)) for name in PLAYS]
    for play in plays:
        play.start()
    _watch(show, lambda: not any(play.is_alive() for play in plays))
    _watch(show, lambda: all(item["status"] != "started" for item in stage.deployments()))


def _watch(show: Callable[[], None], over: Callable[[], bool], *, patience: float = 90) -> None:
    deadline = time.monotonic() + patience
    while not over() and time.monotonic() < deadline:
        show()
        time.sleep(0.2)
    show()


def _play(stage: Stage, name: str) -> None:
    with stage.applications() as applications:
        SCENARIOS[PLAYS[name]](applications, Setup(name=name), Pace(speed=SPEED))


def _ci(stage: Stage, screen: Screen) -> None:
    screen.heading("A CI job posts what it deployed, as it would to Hivel; then one that has its times mixed up")
    mixed_up = {"deployment_id": "mixed-up", "start_time": POST["end_time"], "end_time": POST["start_time"]}
    for body in (POST, POST | mixed_up):
        headers = {"X-API-Token": stage.key}
        answer = httpx.post(f"{stage.url}/api/hooks/v2/deployment", json=body, headers=headers)
        times = f'"start_time": "{body["start_time"]}", "end_time": "{body["end_time"]}", …'
        command = f"curl {stage.url}/api/hooks/v2/deployment -H 'X-API-Token: …' --json '{{{times}}}'"
        screen.command(command, f"{answer.status_code} {pretty(answer.json())}")


def _kubectl(stage: Stage, screen: Screen) -> None:
    screen.heading("A person applies what they did by hand; then with a status that does not exist")
    screen.command("kubectl apply -f website.yaml", stage.cluster.kubectl("apply", "-f", "-", input=APPLIED))
    try:
        stage.cluster.kubectl(
            "apply", "-f", "-", input=APPLIED.replace("completed", "done").replace("-2-0-0", "-2-0-1")
        )
    except CommandFailed as refused:
        screen.command("kubectl apply -f website.yaml", str(refused).partition(": ")[2])
