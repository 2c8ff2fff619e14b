"""What the demo promises, checked on what it left behind."""

from collections import Counter
from typing import Any

import httpx

from tests.controlplane.cluster import CommandFailed
from tests.demo.scenes import APPLIED, POST
from tests.demo.stage import Stage

PROMISED = {
    ("shop", "completed", True): 1,
    ("cart", "failed", True): 1,
    ("search", "failed", True): 1,
    ("mail", "unknown", False): 1,
    ("mail", "completed", True): 1,
    ("billing", "completed", True): 2,
    ("stock", "completed", True): 1,
    ("acme/payments", "completed", True): 1,
    ("website", "completed", True): 1,
}
"""(product, status, counted) → how many records. The dry run, and both mistakes, left none."""


def promised(stage: Stage) -> list[str]:
    """What is not as promised, a sentence each."""
    shown = [item for item in stage.deployments() if item["trigger"] != "self-heal"]
    return [*_records(shown), *_rollback(shown), *_mistakes(stage), *_untouched(stage)]


def _records(shown: list[dict[str, Any]]) -> list[str]:
    there = Counter((item["product"], item["status"], item["counted"]) for item in shown)
    return [
        f"{product} {status} (counted: {counted}): {there[product, status, counted]} records"
        f" instead of {PROMISED.get((product, status, counted), 0)}"
        for product, status, counted in sorted(PROMISED.keys() | there.keys())
        if there[product, status, counted] != PROMISED.get((product, status, counted), 0)
    ]


def _rollback(shown: list[dict[str, Any]]) -> list[str]:
    triggers = sorted(item["trigger"] for item in shown if item["product"] == "billing")
    return [] if triggers == ["manual", "rollback"] else [f"billing was set off by {triggers}"]


def _mistakes(stage: Stage) -> list[str]:
    broken = []
    late = POST | {"start_time": "2026-11-21T08:00:00Z", "end_time": "2026-11-21T07:00:00Z"}
    answer = httpx.post(f"{stage.url}/api/hooks/v2/deployment", json=late, headers={"X-API-Token": stage.key})
    wanted = {"message": "Validation failed", "error": "Start time cannot be after end time"}
    if (answer.status_code, answer.json()) != (400, wanted):
        broken.append(f"a post with its times mixed up was answered {answer.status_code} {answer.text}")
    try:
        stage.cluster.kubectl("apply", "-f", "-", input=APPLIED.replace("completed", "done"))
        broken.append("a manifest with an unknown status was accepted")
    except CommandFailed as refused:
        if "supported values" not in str(refused).lower():
            broken.append(f"a manifest with an unknown status was refused with: {refused}")
    return broken


def _untouched(stage: Stage) -> list[str]:
    writes = [entry for entry in stage.cluster.audited("applications") if "serviceaccount" in entry["user"]["username"]]
    return [f"Deploytrail wrote to Applications {len(writes)} times"] if writes else []
