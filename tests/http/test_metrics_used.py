"""What the chart's alerts and dashboard ask for is told by /metrics, with those labels; promtool finds it well made."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.http.endpoint import Endpoint, event
from tests.prometheus.promtool import promtool, run

FILES = Path(__file__).parents[2] / "charts/deploytrail/files"
DASHBOARD: dict[str, Any] = json.loads((FILES / "dashboard.json").read_text())
RULES = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"][0]["rules"]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [each["expr"] for panel in PANELS for each in panel["targets"]]
USED = re.compile(r"(deploytrail_[a-z_]+)(?:\{([^}]*)\})?")


@pytest.fixture(scope="module")
def text() -> Iterator[str]:
    """A scrape of an endpoint that has something to tell of everything."""
    with Endpoint() as endpoint:
        for status in ("success", "failed", "success"):
            endpoint.post(event(repo_url="acme/shop", status=status))
        endpoint.post(event(environment=...))
        with endpoint.client() as client:
            yield client.get("/metrics").text


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_is_told(text: str, expression: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(text)}

    used = USED.findall(expression)

    assert used
    for name, matchers in used:
        family = families.get(re.sub("_(total|bucket|sum|count)$", "", name)) or families[name]
        assert family.type in ("counter", "histogram") or family.name == name
        labels = {label for sample in family.samples for label in sample.labels}
        if labels:
            assert set(re.findall(r"(\w+)[=!]~?", matchers)) <= labels


@pytest.mark.parametrize("by", sorted({by for each in EXPRESSIONS for by in re.findall(r"by \(([^)]*)\)", each)}))
def test_nothing_is_told_apart_by_what_there_is_not(text: str, by: str) -> None:
    labels = {
        label for family in text_string_to_metric_families(text) for each in family.samples for label in each.labels
    }

    assert {word.strip() for word in by.split(",")} <= labels


def test_promtool_takes_what_is_told(text: str) -> None:
    said = subprocess.run([promtool(), "check", "metrics"], input=text, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stdout + said.stderr


def test_promtool_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    asked = [each["expr"].replace("$__rate_interval", "5m") for panel in PANELS for each in panel["targets"]]
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(asked)]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))

    said = run("check", "rules", "asked.yaml", folder=tmp_path)

    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(asked)} rules found" in said.stdout


def test_the_dashboard_is_whole() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells = [(x, y) for panel in DASHBOARD["panels"] for x, y in cells_of(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    asked = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS)))
    assert asked <= variables | {"__rate_interval", "__all"}


def cells_of(place: dict[str, int]) -> list[tuple[int, int]]:
    across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
    return [(x, y) for x in across for y in down]
