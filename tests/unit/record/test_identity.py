"""Ids: equal keys give equal ids, different keys different ones, and all are Kubernetes names."""

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from deploytrail.record.identity import argocd_id, hivel_id, resource_id

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
    for made in (hivel_id(deployment_id=key, start_time=START), resource_id(uid=key, name=name)):
        assert len(made) <= 63
        assert NAME.fullmatch(made)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_keys_give_different_ids(one: str, other: str) -> None:
    ids = {hivel_id(deployment_id=key, start_time=START) for key in (one, other)}

    assert len(ids) == len({one, other})
