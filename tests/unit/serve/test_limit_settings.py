"""The limits that can be set, as they are written on a command line."""

from typing import Any

import pytest

from deploytrail.errors import Misconfigured
from deploytrail.settings import load


def test_limits_are_numbers_in_flags_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOYTRAIL_LIMITS_CONNECTIONS", "200")

    limits = load({"limits": {"rate": "0.5", "burst": "3", "reports": "7"}}, None).limits

    assert (limits.rate, limits.burst, limits.reports, limits.connections) == (0.5, 3, 7, 200)


def test_no_rate_at_all_is_zero() -> None:
    assert load({"limits": {"rate": "0"}}, None).limits.rate == 0


@pytest.mark.parametrize(
    "limits", [{"rate": "-1"}, {"rate": "nan"}, {"rate": "inf"}, {"burst": "0"}, {"reports": "0"}, {"connections": "9"}]
)
def test_a_limit_that_lets_nobody_in_or_is_no_number_is_refused_by_name(limits: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=f"limits.{next(iter(limits))}"):
        load({"limits": limits}, None)
