"""The pages for those who come from another product, and the one for those who begin: their commands, run."""

import json
from pathlib import Path

import pytest

from tests.controlplane.processes import free_port
from tests.docs import blocks, run
from tests.http.test_without_cluster import started
from tests.waiting import wait_until

OLD_KEY = "sk_theirs_k1_8f3a2b9c7d6e5f4a"


@pytest.mark.parametrize(
    ("vendor", "product", "environment", "version"),
    [
        ("versioner", "shop", "staging", "1.4.2"),
        ("hivel", "acme/shop", "staging", None),
        ("vibemonitor", "acme/shop", "staging", "0123456789abcdef0123456789abcdef01234567"),
        ("quanta", "shop", "production", "1.4.2"),
    ],
)
def test_who_moves_here_keeps_the_key_and_the_commands(
    vendor: str, product: str, environment: str, version: str | None, tmp_path: Path
) -> None:
    (tmp_path / "old-key").write_text(OLD_KEY)
    store = f"sqlite:///{tmp_path}/records.db"
    bring, report = blocks(f"moving-from-{vendor}.md")

    with started(store, tmp_path, DEPLOYTRAIL_ENVIRONMENTS="production,staging") as operator:
        settings = {"DEPLOYTRAIL_KEYS_FILE": str(tmp_path / "keys.json"), "DEPLOYTRAIL_URL": operator.url}
        run(bring, tmp_path, **settings)
        wait_until(lambda: run(report, tmp_path, **settings))
        run(report, tmp_path, **settings)
        (found,) = operator.deployments()

    assert (found["source"], found["product"], found["environment"]) == (vendor, product, environment)
    assert (found["version"] or None) == version or version is None
    assert found["status"] == "completed"


def test_the_five_minutes(tmp_path: Path) -> None:
    script = "\n".join(blocks("start.md")).replace("8080", str(free_port()))

    printed = run(script, tmp_path)

    (item,) = json.JSONDecoder().raw_decode(printed[printed.index('{"items"') :])[0]["items"]
    assert (item["product"], item["version"], item["status"]) == ("shop", "1.4.2", "completed")
    assert "ok    endpoint" in printed
