"""How long ago, as a point in time."""

from datetime import UTC, datetime

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.viewing.period import to_time

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("90s", "2026-11-21T11:58:30Z"),
        ("30m", "2026-11-21T11:30:00Z"),
        ("24h", "2026-11-20T12:00:00Z"),
        (" 7d ", "2026-11-14T12:00:00Z"),
        ("2w", "2026-11-07T12:00:00Z"),
        ("2026-11-01", "2026-11-01"),
        ("7 days", "7 days"),
    ],
)
def test_so_long_ago_is_a_time_and_all_else_is_the_servers_to_understand(said: str, time: str) -> None:
    assert to_time(said, now=NOW) == time


def test_before_all_times_there_was_nothing() -> None:
    with pytest.raises(Misconfigured):
        to_time("999999999d", now=NOW)
