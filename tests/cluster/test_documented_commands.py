"""README.md, the chart's, and the pages under docs/ that need a cluster: their commands, run as they stand there.

What cannot be had here is left out or replaced: no image is built, and no port is forwarded to a pod.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploytrail import __version__
from deploytrail.doctor.judging import INSTALL_CRDS
from deploytrail.kube.crds import crds
from tests import docs
from tests.ci import GITLAB
from tests.cluster.charted import ROOT
from tests.controlplane.build import program
from tests.controlplane.server import ControlPlane
from tests.docs import blocks
from tests.operator_process import Release
from tests.waiting import wait_until

HOME = "deploytrail"
"""Namespace and release of all the pages."""
README, CHART = "../README.md", "../charts/deploytrail/README.md"
IMAGE = f"registry.example.com/deploytrail:{__version__}"
KINDS = [definition["metadata"]["name"] for definition in crds()]


class Reader:
    """Somebody with a clone of the repository, kubectl, helm, our command, and an administrator's kubeconfig."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        for name in ("charts", "manifests"):
            (folder / name).symlink_to(ROOT / name)

    def follow(self, script: str, **environment: str) -> str:
        """What the script prints. It does not wait for what a controller would do, because none runs here."""
        script = re.sub(r"(?m)^docker .*$", "", script)
        script = re.sub(r"\bdelete (crd|pvc)\b", r"delete --wait=false \1", script)
        path = os.pathsep.join(str(Path(program(name)).parent) for name in ("kubectl", "helm"))
        return docs.run(script, self._folder, PATH=path, KUBECONFIG=str(self._cluster.kubeconfig), **environment)


@pytest.fixture
def reader(fresh: ControlPlane, tmp_path: Path) -> Iterator[Reader]:
    fresh.delete_crds(*KINDS)
    yield Reader(fresh, tmp_path)
    fresh.helm("uninstall", HOME, "-n", HOME, "--ignore-not-found")
    ours = f"--selector=app.kubernetes.io/instance={HOME}"
    fresh.kubectl("delete", "clusterroles,clusterrolebindings", ours)
    if fresh.kubectl("get", "namespace", HOME, "--ignore-not-found"):
        fresh.delete_namespace(HOME)
    fresh.delete_crds(*KINDS)


def image(cluster: ControlPlane, namespace: str = HOME) -> str:
    (container,) = cluster.get("deployment/deploytrail", "-n", namespace)["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_the_readme(fresh: ControlPlane, reader: Reader, tmp_path: Path) -> None:
    install, _ = blocks(README, "Install it")
    make_key, *report = blocks(README, "Report from CI")
    (apply,), (ask,) = blocks(README, "Report with kubectl"), blocks(README, "Ask")
    uninstall, remove = blocks(README, "Uninstall")
    (tmp_path / "deploy.sh").write_text("#!/bin/sh\n")
    (tmp_path / "deploy.sh").chmod(0o755)

    reader.follow(install)
    assert image(fresh) == IMAGE
    key = reader.follow(make_key + 'echo "$KEY"').strip()
    with Release(fresh, HOME, HOME).operator(tmp_path, key=key) as operator:
        by_curl, by_command, ask = (
            script.replace("http://deploytrail.deploytrail", operator.url) for script in (*report, ask)
        )
        wait_until(lambda: "stored successfully" in reader.follow(by_curl, KEY=key))
        reader.follow(by_command, KEY=key, **GITLAB)
        reader.follow(apply)
        wait_until(lambda: operator.deployments(product="website"))
        asked = reader.follow(ask, KEY=key)
        recorded = {each["source"] for each in operator.deployments()}
    reader.follow(uninstall)
    kept = fresh.get("deploymentevents", "-A")["items"]
    reader.follow(remove)
    fresh.await_crds_gone(*KINDS)

    assert recorded == {"hivel", "versioner", "kubectl"}
    assert re.search(r"default +website-2-0-0 +website +2\.0\.0 +staging", asked)
    assert '"environment":"production"' in asked
    assert len(kept) == 3


def test_without_helm(fresh: ControlPlane, reader: Reader) -> None:
    _, apply = blocks(README, "Install it")

    reader.follow(apply)
    before = fresh.get("deployment/deploytrail", "-n", HOME)["metadata"]
    reader.follow(apply)

    assert image(fresh) == IMAGE
    assert fresh.get("deployment/deploytrail", "-n", HOME)["metadata"]["generation"] == before["generation"]
    assert {crd["metadata"]["name"] for crd in fresh.get("crd")["items"]} >= set(KINDS)


def test_the_charts_readme(fresh: ControlPlane, reader: Reader) -> None:
    install, *_ = blocks(CHART)
    (upgrade,) = blocks(CHART, "Upgrading it")
    uninstall, _, remove_claim = blocks(CHART, "Removing it")

    reader.follow(install)
    reader.follow(upgrade.replace("--set", "--set store.type=sqlite --set", 1))
    upgraded = image(fresh)
    reader.follow(uninstall)
    kept = fresh.get("pvc/deploytrail", "-n", HOME)["metadata"]
    reader.follow(remove_claim)

    assert upgraded == IMAGE
    assert "deletionTimestamp" not in kept
    assert "deletionTimestamp" in fresh.get("pvc/deploytrail", "-n", HOME)["metadata"]


def test_the_charts_readme_for_one_team(fresh: ControlPlane, reader: Reader) -> None:
    (install,) = blocks(CHART, "For one team")
    for name in ("team-a", "team-a-argocd"):
        fresh.kubectl("create", "namespace", name)
    try:
        reader.follow(INSTALL_CRDS)
        reader.follow(install)

        assert image(fresh, "team-a") == IMAGE
        assert fresh.get("role/deploytrail", "-n", "team-a-argocd")["rules"]
    finally:
        fresh.helm("uninstall", HOME, "-n", "team-a")
        for name in ("team-a", "team-a-argocd"):
            fresh.delete_namespace(name)


def test_stores_in_the_chart(fresh: ControlPlane, reader: Reader) -> None:
    (script,) = blocks("stores.md", "In the chart")
    where = f"--install {HOME} charts/deploytrail --namespace {HOME} --create-namespace"

    reader.follow(script.replace("--install …", where))

    (container,) = fresh.get("deployment/deploytrail", "-n", HOME)["spec"]["template"]["spec"]["containers"]
    store = next(each for each in container["env"] if each["name"] == "DEPLOYTRAIL_STORE")
    assert store["valueFrom"]["secretKeyRef"] == {"name": "trail-db", "key": "url"}
    assert fresh.get("pvc/deploytrail", "-n", HOME)["spec"]


def test_upgrading_and_asking_the_doctor(fresh: ControlPlane, reader: Reader, tmp_path: Path) -> None:
    (upgrade,) = blocks("upgrading.md")
    ask = next(line for line in blocks("troubleshooting.md")[0].splitlines() if line.startswith("deploytrail doctor"))
    (tmp_path / "values.yaml").write_text("image: {repository: registry.example.com/deploytrail}\n")
    reader.follow(blocks(README, "Install it")[0])
    status = json.dumps({"status": {"replicas": 1, "readyReplicas": 1}})  # what a kubelet would have led to
    fresh.kubectl(
        "patch", "deployment/deploytrail", "-n", HOME, "--subresource=status", "--type=merge", "--patch", status
    )

    with Release(fresh, HOME, HOME).operator(tmp_path) as operator:
        upgraded = reader.follow(upgrade, DEPLOYTRAIL_URL=operator.url)
        asked = reader.follow(ask, DEPLOYTRAIL_URL=operator.url)

    for said in (upgraded, asked):
        assert re.search(r"ok +installation", said)
        assert re.search(r"ok +endpoint", said)


@pytest.mark.parametrize("page", ["troubleshooting.md", "upgrading.md", CHART])
def test_every_page_installs_the_kinds_in_the_same_way(page: str) -> None:
    text = " ".join((docs.DOCS / page).read_text().replace("\\|", "|").split())

    assert f"`{INSTALL_CRDS}`" in text
    assert text.count("deploytrail crds") == text.count(INSTALL_CRDS)
