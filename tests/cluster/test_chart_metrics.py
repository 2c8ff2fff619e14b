"""What the chart brings for Prometheus and Grafana: taken by the API server, and by promtool."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cluster.charted import CHART, NAME, Install, deployment
from tests.controlplane.cluster import CommandFailed
from tests.controlplane.server import ControlPlane
from tests.prometheus import promtool

HERE = Path(promtool.__file__).parent
EVERYTHING = (
    (
        'metrics.serviceMonitor={"enabled":true,"interval":"15s","scrapeTimeout":"5s","labels":{"release":"prometheus"},'
        '"relabelings":[{"sourceLabels":["__meta_kubernetes_pod_node_name"],"targetLabel":"node"}],'
        '"metricRelabelings":[{"action":"drop","sourceLabels":["__name__"],"regex":"python_gc_.*"}]}'
    ),
    'metrics.alerts={"enabled":true,"nothingRecordedDays":7,"labels":{"release":"prometheus"}}',
    'metrics.dashboard={"enabled":true,"labels":{"grafana_dashboard":"yes"},"annotations":{"grafana_folder":"Delivery"}}',
)


@pytest.fixture(scope="module")
def monitored(fresh: ControlPlane) -> Iterator[ControlPlane]:
    """A cluster that knows the Prometheus Operator's kinds."""
    fresh.kubectl("apply", "-f", str(HERE / "crds.yaml"))
    fresh.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(HERE / "crds.yaml"))
    yield fresh
    fresh.kubectl("delete", "--wait=false", "-f", str(HERE / "crds.yaml"))


def test_by_default_there_is_none_of_it(fresh: ControlPlane, install: Install) -> None:
    namespace = install()

    assert f"configmap/{NAME}-dashboard" not in fresh.kubectl("get", "configmaps", "-n", namespace, "-o", "name")
    rendered = fresh.helm("template", "trail", CHART)
    assert "monitoring.coreos.com" not in rendered


def test_all_of_it_is_taken(monitored: ControlPlane, install: Install) -> None:
    namespace = install(*EVERYTHING)

    monitor = monitored.get(f"servicemonitor/{NAME}", "-n", namespace)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    [endpoint] = monitor["spec"]["endpoints"]
    service = monitored.get(f"service/{NAME}", "-n", namespace)
    assert endpoint.pop("relabelings")[0]["targetLabel"] == "node"
    assert endpoint.pop("metricRelabelings")[0]["action"] == "drop"
    assert endpoint == {
        "port": service["spec"]["ports"][0]["name"],
        "path": "/metrics",
        "interval": "15s",
        "scrapeTimeout": "5s",
    }
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    rule = monitored.get(f"prometheusrule/{NAME}", "-n", namespace)
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    alerts = {each["alert"]: each for each in rule["spec"]["groups"][0]["rules"]}
    assert alerts["DeploytrailNothingRecorded"]["expr"].endswith("> 7 * 86400")
    assert "for {{ $labels.pod }}:" in alerts["DeploytrailStoreAway"]["annotations"]["description"]
    board = monitored.get(f"configmap/{NAME}-dashboard", "-n", namespace)
    assert board["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert board["metadata"]["annotations"]["grafana_folder"] == "Delivery"
    assert json.loads(board["data"]["deploytrail.json"]) == json.loads(
        (Path(CHART) / "files/dashboard.json").read_text()
    )


def test_the_number_of_products_is_a_setting_of_the_container(fresh: ControlPlane, install: Install) -> None:
    namespace = install("metrics.products=7")

    [container] = deployment(fresh, namespace)["spec"]["template"]["spec"]["containers"]
    assert {"name": "DEPLOYTRAIL_METRICS_PRODUCTS", "value": "7"} in container["env"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("metrics.products=-1", "at '/metrics/products': minimum"),
        ('metrics.serviceMonitor.interval="often"', "at '/metrics/serviceMonitor/interval'"),
        ("metrics.alerts.nothingRecordedDays=0", "at '/metrics/alerts/nothingRecordedDays'"),
        ('metrics.dashboard.labels={"a":1}', "at '/metrics/dashboard/labels/a'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(fresh: ControlPlane, value: str, sentence: str) -> None:
    with pytest.raises(CommandFailed) as refusal:
        fresh.helm("template", "trail", CHART, f"--set-json={value}")

    assert sentence in str(refusal.value)


@pytest.fixture
def alerts(fresh: ControlPlane, tmp_path: Path) -> Path:
    """The rules as the chart renders them, in a folder with their tests."""
    rendered = fresh.helm(
        "template", "trail", CHART, "--set=metrics.alerts.enabled=true", "-s=templates/prometheusrule.yaml"
    )
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(yaml.safe_load(rendered)["spec"]))
    (tmp_path / "alerts.test.yaml").write_text((HERE / "alerts.test.yaml").read_text())
    return tmp_path


def test_promtool_takes_the_rules(alerts: Path) -> None:
    said = promtool.run("check", "rules", "alerts.yaml", folder=alerts)

    assert said.returncode == 0, said.stdout + said.stderr
    assert "8 rules found" in said.stdout


def test_alerts_fire_when_they_should_and_not_otherwise(alerts: Path) -> None:
    said = promtool.run("test", "rules", "alerts.test.yaml", folder=alerts)

    assert said.returncode == 0, said.stdout + said.stderr


def test_every_alert_is_tried(alerts: Path) -> None:
    rules = yaml.safe_load((alerts / "alerts.yaml").read_text())["groups"][0]["rules"]
    scenes = yaml.safe_load((alerts / "alerts.test.yaml").read_text())["tests"]

    fired = {test["alertname"] for scene in scenes for test in scene["alert_rule_test"] if test["exp_alerts"]}
    silent = {test["alertname"] for scene in scenes for test in scene["alert_rule_test"] if not test["exp_alerts"]}
    assert fired == silent == {rule["alert"] for rule in rules}
