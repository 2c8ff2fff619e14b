"""A sync that is watched, notified and reported by a hook of its own, over real HTTP and a real watch: one record."""

from typing import Any

import httpx
import pytest

from tests.argocd.notifications import notification
from tests.argocd.shapes import Setup
from tests.argocd.steps import Steps
from tests.cluster.trail import Trail
from tests.operator_process import Operator
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def operator(trail: Trail) -> Operator:
    """Its watch is up: it has seen an Application."""
    operator = trail.run()
    Steps(trail.applications, Setup(name="first", namespace=trail.argocd)).begin(2)
    wait_until(lambda: the_record(operator, "first"))
    return operator


def the_record(operator: Operator, product: str) -> dict[str, Any]:
    (record,) = operator.deployments(product=product)
    return record


def ended(operator: Operator, product: str) -> dict[str, Any]:
    record = the_record(operator, product)
    assert record["status"] != "started"
    return record


def notify(trail: Trail, operator: Operator, name: str) -> httpx.Response:
    """As Argo CD does with what its Application shows now."""
    shown = trail.cluster.get(f"application/{name}", "-n", trail.argocd)
    headers = {"Authorization": f"Bearer {trail.key}"}
    return httpx.post(f"{operator.url}/api/hooks/argocd", json=notification(shown), headers=headers, verify=False)


def hook(trail: Trail, operator: Operator, name: str) -> httpx.Response:
    """As the command in a PostSync hook does."""
    body = {"product_name": name, "version": "2.0.0", "environment_name": "live", "status": "success"}
    headers = {"Authorization": f"Bearer {trail.key}"}
    body |= {"source_system": "argocd", "invoke_id": f"report-{name}", "scm_branch": "main"}
    return httpx.post(f"{operator.url}/deployment-events/", json=body, headers=headers, verify=False, timeout=30)


def test_a_hook_and_notifications_add_to_the_record_of_the_watch(trail: Trail, operator: Operator) -> None:
    steps = Steps(trail.applications, Setup(name="heard", namespace=trail.argocd))

    steps.begin(2)
    answers = [hook(trail, operator, "heard"), notify(trail, operator, "heard")]
    steps.succeed()
    steps.become("Progressing")
    answers.append(notify(trail, operator, "heard"))
    steps.become("Healthy")
    answers += [notify(trail, operator, "heard"), hook(trail, operator, "heard")]
    record = wait_until(lambda: ended(operator, "heard"))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[0].json()["status"] == "completed"
    assert (record["status"], record["source"], record["branch"]) == ("completed", "argocd", "main")
    assert operator.deployments(environment="live") == []


def test_a_rollout_that_degrades_is_no_success_though_its_hook_said_so(trail: Trail, operator: Operator) -> None:
    steps = Steps(trail.applications, Setup(name="hasty", namespace=trail.argocd))

    steps.begin(2)
    hook(trail, operator, "hasty").raise_for_status()
    steps.succeed()
    steps.become("Progressing", "Degraded")
    record = wait_until(lambda: ended(operator, "hasty"))

    assert record["status"] == "failed"


def test_a_hook_that_comes_while_we_start_waits_for_the_watch(trail: Trail) -> None:
    steps = Steps(trail.applications, Setup(name="early", namespace=trail.argocd))
    steps.begin(2)
    operator = trail.run()

    wait_until(lambda: hook(trail, operator, "early").is_success)  # 503 for as long as the watch has not seen it
    steps.succeed()
    steps.become("Progressing", "Healthy")
    record = wait_until(lambda: ended(operator, "early"))

    assert (record["source"], record["branch"]) == ("argocd", "main")
