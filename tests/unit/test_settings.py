"""Where settings come from, who wins, and what a wrong one is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.settings import load


def test_a_flag_wins_over_a_variable_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deploytrail.yaml"
    file.write_text("log_level: debug\nnamespace: from-file\nlisten: 127.0.0.1:1\nargocd: {settle: 9s, hold: 7s}\n")
    monkeypatch.setenv("DEPLOYTRAIL_NAMESPACE", "from-variable")
    monkeypatch.setenv("DEPLOYTRAIL_LISTEN", "127.0.0.1:2")
    monkeypatch.setenv("DEPLOYTRAIL_ARGOCD_SETTLE", "12s")

    settings = load({"listen": "127.0.0.1:3"}, file)

    assert (settings.log_level, settings.namespace, settings.listen) == ("debug", "from-variable", "127.0.0.1:3")
    assert (settings.argocd.settle, settings.argocd.hold) == (timedelta(seconds=12), timedelta(seconds=7))


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYTRAIL_PORT", "tcp://10.0.0.1:8080")
    monkeypatch.setenv("DEPLOYTRAIL_SERVICE_HOST", "10.0.0.1")

    assert load({}, None).listen == "127.0.0.1:8080"


def test_lists_and_maps_are_written_on_one_line() -> None:
    settings = load({"sources": "http, argocd", "argocd": {"environments_by_cluster": "a=prod, b=staging"}}, None)

    assert settings.sources == ("http", "argocd")
    assert settings.argocd.environments_by_cluster == {"a": "prod", "b": "staging"}


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"listen": "8080"}, "listen: write an address and a port like 127.0.0.1:8080"),
        ({"argocd": {"settle": "soon"}}, "argocd.settle: write a duration like 30s, 5m, 1h30m or 90d"),
        ({"argocd": {"environments_by_project": "a"}}, "write a map like name=environment"),
        ({"sources": "argocd,gitlab"}, "sources.1: Input should be 'argocd', 'resources' or 'http'"),
        ({"no_such_setting": "x"}, "no_such_setting: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_setting_is_named_and_told_how_to_be_right(flags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Misconfigured, match=sentence):
        load(flags, None)


def test_a_configuration_file_that_is_not_there_is_not_ignored(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="does not exist"):
        load({}, tmp_path / "missing.yaml")


def test_a_wrong_value_is_never_echoed(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refusal:
        load({"store": "mysql://user:secret@host/db"}, None)

    assert "secret" not in str(refusal.value)


def test_where_records_are_kept_is_never_shown() -> None:
    settings = load({"store": "postgresql://user:secret@host/db"}, None)

    assert "secret" not in repr(settings)
    assert "secret" not in settings.model_dump_json()
