"""The chart as it is, on a real node: what its pod is, what reaches it, and how it ends."""

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.argocd.applications import CRD, ClusterApplications
from tests.argocd.pace import Pace
from tests.argocd.scenarios import SCENARIOS
from tests.argocd.shapes import Setup
from tests.browser.chromium import FLAGS, chromium
from tests.controlplane.build import program
from tests.controlplane.cluster import CommandFailed
from tests.node.conftest import Say
from tests.node.images import PRODUCT, TOOLS
from tests.node.installation import Installation, deployments, is_ready
from tests.node.kind import Kind
from tests.node.node import Node
from tests.node.pods import ANY_USER, as_json, job, mebibytes, pod
from tests.node.sources import current
from tests.operator_process import deploytrail
from tests.waiting import wait_until

IDLE_MEBIBYTES = 120
"""What a replica may hold that has nothing to do."""

READY_SECONDS, CPU_SECONDS = 5, 2
"""What a start may take until the pod is ready."""

STARTS = 3
"""How many starts may be tried: what else a machine does makes one slower, and never faster."""

POST = """\
curl --fail-with-body --silent --show-error --retry 5 --retry-connrefused "$URL/api/hooks/v2/deployment" \\
  -H "X-API-Token: $KEY" -H 'Content-Type: application/json' -d '{
    "deployment_id": "ci-1", "event_type": "completed", "status": "success", "environment": "production",
    "start_time": "2026-03-02T12:00:00Z", "end_time": "2026-03-02T12:01:00Z",
    "repo_url": "https://git.example.com/ci/curl", "branch": "main"}'
"""
APPLIED = """\
apiVersion: deploytrail.dev/v1alpha1
kind: DeploymentEvent
metadata: {name: website-2-0-0, namespace: default}
spec: {product: website, version: 2.0.0, environment: staging, status: completed,
  startedAt: 2026-11-21T07:00:00Z, finishedAt: 2026-11-21T07:01:30Z}
"""


@pytest.fixture(scope="module")
def installed(node: Node | Kind, say: Say) -> Iterator[Installation]:
    installation = Installation(node, "deploytrail")
    node.kubectl("apply", "-f", str(CRD))
    node.kubectl("create", "namespace", "argocd")
    installation.create_namespace()
    begun = time.monotonic()
    installation.install('argocd={"hold":"500ms","settle":"2s"}')
    say(f"helm install --wait took {time.monotonic() - begun:.1f} s")
    yield installation
    installation.remove()
    node.kubectl("delete", "namespace", "argocd", "--wait=false")


@pytest.fixture(scope="module")
def key(installed: Installation) -> str:
    return installed.create_key("ci", "ingest", "read")


def told(url: str, key: str) -> dict[str, tuple[str, str]]:
    """What became of each product, and who said so."""
    return {each["product"]: (each["status"], each["source"]) for each in deployments(url, key)}


def running(installed: Installation) -> str:
    (only,) = installed.pods()
    return str(only["metadata"]["name"])


@dataclass(frozen=True)
class Start:
    """What it took."""

    seconds: float
    """From scheduled to ready, without those that the process stood in line for a CPU that others had."""
    cpu_seconds: float

    @property
    def is_quick(self) -> bool:
        return self.seconds < READY_SECONDS and self.cpu_seconds < CPU_SECONDS


def start(installed: Installation) -> Start:
    """Of the pod that runs."""
    (only,) = installed.pods()
    told = installed.run_inside(
        only["metadata"]["name"],
        "import os\n"
        "fields = open('/proc/1/stat').read().rpartition(')')[2].split()\n"
        "print(sum(map(int, fields[11:13])) / os.sysconf('SC_CLK_TCK'), open('/proc/1/schedstat').read().split()[1])",
    )
    cpu_seconds, queued_nanoseconds = map(float, told.split())
    times = {each["type"]: datetime.fromisoformat(each["lastTransitionTime"]) for each in only["status"]["conditions"]}
    seconds = (times["Ready"] - times["PodScheduled"]).total_seconds()
    return Start(seconds - queued_nanoseconds / 1e9, cpu_seconds)


def test_its_pod_is_restricted_and_modest(installed: Installation, node: Node | Kind, say: Say) -> None:
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        installed.kubectl("run", "loose", f"--image={TOOLS}")
    (only,) = installed.pods()
    name = only["metadata"]["name"]

    seen = json.loads(
        installed.run_inside(
            name,
            "import json, os, pathlib\n"
            "status = dict(line.split(':\\t') for line in open('/proc/1/status').read().splitlines())\n"
            "try: pathlib.Path('/here').touch(); wrote = True\n"
            "except OSError as error: wrote = error.strerror\n"
            "print(json.dumps([os.getuid(), wrote, status['CapBnd'], status['NoNewPrivs'], status['Seccomp']]))",
        )
    )
    used = mebibytes(node, installed.namespace, name)

    assert seen == [65532, "Read-only file system", "0000000000000000", "1", "2"]
    assert only["status"]["containerStatuses"][0]["restartCount"] == 0
    say(f"one replica: {used:.0f} MiB")
    assert used < IDLE_MEBIBYTES


def test_it_is_ready_within_seconds(installed: Installation, say: Say) -> None:
    starts = [start(installed)]
    while not starts[-1].is_quick and len(starts) < STARTS:
        installed.kubectl("delete", f"pod/{running(installed)}")
        installed.await_settled()
        starts.append(start(installed))

    say(f"ready {starts[-1].seconds:.1f} s after it was scheduled, with {starts[-1].cpu_seconds:.2f} s of CPU")
    assert starts[-1].is_quick, starts


def test_helm_test_asks_through_the_service(installed: Installation, node: Node | Kind) -> None:
    told = node.helm("test", installed.name, "-n", installed.namespace, "--logs", "--timeout=120s")

    assert re.search(rf"^ok +endpoint +ready at {re.escape(installed.url)}", told, re.MULTILINE), told


def test_its_image_holds_nothing_to_build_with(installed: Installation) -> None:
    script = (
        "import importlib.util, json, os, shutil\n"
        "tools = [tool for tool in ('gcc', 'cc', 'make', 'npm', 'node', 'git', 'curl') if shutil.which(tool)]\n"
        "lists = '/var/lib/apt/lists'\n"
        "cached = [file for file in os.listdir(lists) if 'Packages' in file] if os.access(lists, os.R_OK) else []\n"
        "print(json.dumps([tools, cached, importlib.util.find_spec('pip') is None]))"
    )

    assert json.loads(installed.run_inside(running(installed), script)) == [[], [], True]


def test_ci_jobs_report_through_the_service(installed: Installation, key: str) -> None:
    told = {"URL": installed.url, "KEY": key, "DEPLOYTRAIL_URL": installed.url, "DEPLOYTRAIL_KEY": key}
    report = ["deploytrail", "report", "deployment", "--product=ci-report", "--version=1.2.3"]
    image = f"{PRODUCT}:{current().tag}"
    jobs = [
        job("ci-curl", TOOLS, ["sh", "-ec", POST], told),
        job("ci-report", image, [*report, "--environment=production", "--status=success"], told, user=ANY_USER),
    ]

    installed.kubectl("apply", "-f", "-", input=as_json(*jobs))
    installed.kubectl("wait", "--for=condition=Complete", "job/ci-curl", "job/ci-report", "--timeout=90s")

    found = {each["product"]: each["status"] for each in installed.asked(key)}
    assert found.items() >= {"ci/curl": "completed", "ci-report": "completed"}.items()


def test_what_people_apply_and_argo_cd_syncs_is_recorded(installed: Installation, node: Node | Kind, key: str) -> None:
    node.kubectl("apply", "-f", "-", input=APPLIED)
    with ClusterApplications(node.kubeconfig, "argocd") as applications:
        SCENARIOS["healthy_rollout"](applications, Setup(name="shop"), Pace(speed=8))

    expected = {"website": ("completed", "kubectl"), "shop": ("completed", "argocd")}
    with installed.forwarded() as url:
        wait_until(lambda: told(url, key).items() >= expected.items(), patience=60)
    shown = node.kubectl("wait", "dep/website-2-0-0", "-n", "default", "--for=condition=Recorded", "--timeout=10s")
    assert "condition met" in shown


def test_people_ask_from_a_terminal_without_an_address(installed: Installation, key: str) -> None:
    path = f"{program('kubectl').parent}:{os.environ['PATH']}"
    where = f"--kubeconfig={installed.cluster.kubeconfig}"

    shown = deploytrail("get", "deployments", "-o", "json", where, PATH=path, DEPLOYTRAIL_KEY=key)

    assert shown.returncode == 0, shown.stderr
    with installed.forwarded() as url:
        known = {each["id"] for each in deployments(url, key)}
    assert {each["id"] for each in json.loads(shown.stdout)["items"]} == known
    assert known


def test_its_pages_are_seen_in_a_browser_through_a_forwarded_port(installed: Installation, key: str) -> None:
    with installed.forwarded() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page()
        page.goto(url)
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("heading", level=1)).to_contain_text("What runs where", timeout=20_000)
        expect(page.get_by_text("shop").first).to_be_visible(timeout=20_000)
        browser.close()


def test_a_revoked_key_stops_a_client_that_is_running(installed: Installation) -> None:
    secret = installed.create_key("leaving", "ingest")
    told = {"URL": installed.url, "KEY": secret, "NAME": "leaving", "KEEP": "yes"}
    installed.kubectl("apply", "-f", "-", input=as_json(pod("leaving", TOOLS, ["python", "/opt/sender.py"], told)))
    wait_until(lambda: installed.kubectl("logs", "leaving").splitlines()[1:2] != [] or False, patience=60)

    installed.revoke_key("leaving")
    installed.kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/leaving", "--timeout=30s")

    assert "Refused: 401" in installed.kubectl("logs", "leaving")


def test_a_pod_that_is_told_to_stop_answers_on_and_is_not_ready(installed: Installation) -> None:
    before = running(installed)
    ask = (
        "import json, urllib.request, urllib.error\n"
        "def code(path):\n"
        "  try: return urllib.request.urlopen('http://127.0.0.1:8080' + path).status\n"
        "  except urllib.error.HTTPError as error: return error.code\n"
        "print(json.dumps([code('/healthz'), code('/readyz')]))"
    )
    assert json.loads(installed.run_inside(before, ask)) == [200, 200]

    installed.kubectl("delete", f"pod/{before}", "--wait=false")
    wait_until(lambda: json.loads(installed.run_inside(before, ask)) == [200, 503])

    begun = time.monotonic()
    installed.kubectl("wait", "--for=delete", f"pod/{before}", "--timeout=60s")
    assert time.monotonic() - begun < 25, "it was killed, because it did not end by itself"
    wait_until(lambda: [is_ready(each) for each in installed.pods()] == [True], patience=60)
    assert running(installed) != before


def test_no_log_tells_a_secret(installed: Installation, key: str) -> None:
    log = installed.kubectl("logs", f"deployment/{installed.fullname}")

    assert "started" in log
    assert not [secret for secret in installed.secrets if secret in log]
    assert "Traceback" not in log
