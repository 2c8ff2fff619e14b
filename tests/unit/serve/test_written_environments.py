"""What runs where, as it is written: the very list that the API describes."""

from datetime import timedelta

import pytest

from deploytrail.record.model import Status
from deploytrail.record.running import Latest, Running
from deploytrail.serve.environments import RunningItem, RunningList, to_json
from tests.reports import NOON

LATEST = Latest("d2", None, Status.FAILED, NOON + timedelta(microseconds=1500))


@pytest.mark.parametrize(
    "running",
    [
        Running("web", "production", "1.2.3", "abc", NOON, "ann", "d1", "1.2.2", LATEST),
        Running("\u00fcber/\U0001f680", 'a "b"', None, None, NOON + timedelta(milliseconds=7), None, None),
    ],
)
def test_it_is_the_list_that_is_described(running: Running) -> None:
    described = RunningList(items=(RunningItem.model_validate(running, from_attributes=True),))

    assert to_json([running]).decode() == described.model_dump_json()
