"""Ids: equal keys give equal ids, different keys different ones, and all are Kubernetes names."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.identity import (
    argocd_id,
    attempt_id,
    hivel_id,
    quanta_series,
    resource_id,
    version_id,
    versioner_id,
    versioner_series,
    vibemonitor_series,
)
from deploytrail.record.model import Series

START = datetime(2026, 11, 21, 7, 25, 16, tzinfo=UTC)
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def test_an_operation_is_the_same_in_every_time_zone() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert argocd_id(uid="u", name="web", started_at=START) == argocd_id(uid="u", name="web", started_at=elsewhere)


def test_ids_are_stable_for_ever() -> None:
    assert argocd_id(uid="u", name="web", started_at=START) == "web-20261121-072516-yuj3kbdcn2ppagte"


def test_a_self_heal_in_the_second_of_its_sync_is_another() -> None:
    assert argocd_id(uid="u", name="web", started_at=START) != argocd_id(uid="u", name="web", started_at=START, heals=1)


def test_a_repeated_sender_id_with_another_start_is_another() -> None:
    later = START + timedelta(seconds=1)

    assert hivel_id(deployment_id="web", start_time=START) != hivel_id(deployment_id="web", start_time=later)


@given(st.text(), st.text())
def test_every_id_is_a_valid_name_and_label(key: str, name: str) -> None:
    series = vibemonitor_series(workspace="w", environment=name, repository=key)
    for made in (
        hivel_id(deployment_id=key, start_time=START),
        resource_id(uid=key, name=name),
        version_id(product=key, version=name),
        versioner_id(run=key, product=name, version=key),
        attempt_id(series, 1),
        series.key,
    ):
        assert len(made) <= 63
        assert NAME.fullmatch(made)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_keys_give_different_ids(one: str, other: str) -> None:
    ids = {hivel_id(deployment_id=key, start_time=START) for key in (one, other)}

    assert len(ids) == len({one, other})


def test_ids_of_the_stateful_senders_are_stable_for_ever() -> None:
    series = versioner_series(product="web", version="1.2.3", environment="production")

    assert attempt_id(series, 1) == "web-1-2-3-production-7t4zn622x7xyzjos"
    assert versioner_id(run="77", product="web", version="1.2.3") == "web-1-2-3-zeyqbxxdtvkozfej"
    assert version_id(product="web", version="1.2.3") == "web-1-2-3-jaurrhw6qm2mqn2k"


def test_c086_c092_a_series_is_one_version_in_one_environment() -> None:
    web = {"product": "web", "version": "1.2.3", "environment": "production"}
    others = [web | {"product": "cart"}, web | {"version": "1.2.4"}, web | {"environment": "staging"}]

    keys = {versioner_series(**each).key for each in (web, *others)}

    assert versioner_series(**web) == versioner_series(**web)
    assert len(keys) == 4


def test_a_build_is_not_a_deployment_to_nowhere() -> None:
    assert versioner_series(product="web", version="1") != versioner_series(product="web", version="1", environment="")
    assert versioner_id(run="7", product="web", version="1") != versioner_id(
        run="7", product="web", version="1", environment=""
    )


def test_c091_another_run_is_another_deployment() -> None:
    assert versioner_id(run="7", product="web", version="1") != versioner_id(run="8", product="web", version="1")


def test_c152_c156_posts_of_a_workspace_belong_together_by_environment_repository_commit_and_branch() -> None:
    def series(workspace: str = "w", **more: str) -> Series:
        return vibemonitor_series(**({"workspace": workspace, "environment": "e", "repository": "o/r"} | more))

    different = [series(), series("x"), series(commit="a" * 40), series(branch="main"), series(branch="")]

    assert len({each.key for each in different}) == 5
    assert series(commit="A" * 40) == series(commit="a" * 40)


def test_c173_a_push_is_told_by_its_key_its_type_and_its_words() -> None:
    ten = timedelta(seconds=10)
    said = {"key": "shop", "kind": "code_deploy", "content": "version 42.0"}
    others = [said | {"key": "cart"}, said | {"kind": "custom"}, said | {"content": "version 42.1"}]

    assert len({quanta_series(**each, window=ten).key for each in (said, *others)}) == 4
    assert quanta_series(**said, window=ten).window == ten


def test_every_record_of_a_series_has_an_id_of_its_own() -> None:
    series = versioner_series(product="web", version="1", environment="production")

    assert len({attempt_id(series, number) for number in range(1, 50)}) == 49
