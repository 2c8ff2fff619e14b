"""docs/backup.md, run on a cluster: what was backed up can be created again, and is recorded as it was."""

from pathlib import Path

from tests.cluster.charted import EVENTS, Install
from tests.cluster.test_chart_rights import create_key, post
from tests.controlplane.build import program
from tests.controlplane.server import ControlPlane
from tests.docs import blocks, run
from tests.operator_process import Release, deploytrail
from tests.waiting import wait_until


def test_records_and_keys_of_a_cluster(fresh: ControlPlane, install: Install, tmp_path: Path) -> None:
    namespace = install()
    release = Release(fresh, namespace, "trail")
    where = f"--namespace={namespace}", f"--kubeconfig={fresh.kubeconfig}"
    reader = deploytrail("keys", "create", "reader", "--scope=read", *where).stdout.strip()
    key = create_key(fresh, namespace)
    backup, restore = (
        block.replace("-n deploytrail", f"-n {namespace}") for block in blocks("backup.md", "In a cluster")
    )
    tools = {"KUBECONFIG": str(fresh.kubeconfig), "PATH": str(Path(program("kubectl")).parent)}

    with release.operator(tmp_path, key=reader) as operator:
        wait_until(lambda: post(operator.url, key).status_code == 200)
        before = wait_until(lambda: operator.deployments() or False)
        run(backup, tmp_path, **tools)
        fresh.kubectl("delete", EVENTS, "--all", "-n", namespace)
        fresh.kubectl("delete", "secret", "--selector=deploytrail.dev/key=true", "-n", namespace)
        run(restore, tmp_path, **tools)
        after = wait_until(lambda: operator.deployments() or False)
        again = wait_until(lambda: post(operator.url, key).status_code == 200)

    assert after == before
    assert again
