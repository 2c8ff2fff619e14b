"""The bucket of a key, by a clock that only the test moves."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.keys.rates import Allowance, Rates
from tests.fakes import NOW

EPOCH = int(NOW.timestamp())


def take(rates: Rates, at: float = 0, name: str = "ci") -> Allowance:
    allowance = rates.take(name, NOW + timedelta(seconds=at))
    assert allowance is not None
    return allowance


def granted(rates: Rates, at: float = 0) -> bool:
    return take(rates, at).retry_after == 0


def test_a_rested_key_may_make_its_burst_at_once_and_no_more() -> None:
    rates = Rates(rate=50, burst=200)

    taken = [take(rates) for _ in range(201)]

    assert [allowance.remaining for allowance in taken] == [*range(199, -1, -1), 0]
    assert [allowance.retry_after for allowance in taken] == [0] * 200 + [1]
    assert {allowance.limit for allowance in taken} == {200}


def test_the_bucket_refills_at_the_steady_rate() -> None:
    rates = Rates(rate=2, burst=3)
    for _ in range(3):
        take(rates)

    assert not granted(rates, 0.4)
    assert granted(rates, 0.5)
    assert not granted(rates, 0.5)
    assert [granted(rates, 1.5) for _ in range(3)] == [True, True, False]
    assert [granted(rates, 100) for _ in range(4)] == [True, True, True, False]


def test_a_refused_request_costs_nothing() -> None:
    rates = Rates(rate=1, burst=1)
    take(rates)

    for _ in range(100):
        assert take(rates, 0.5).retry_after == 1

    assert granted(rates, 1)


def test_who_waits_as_long_as_told_is_served() -> None:
    rates = Rates(rate=0.1, burst=2)
    take(rates)
    take(rates)

    wait = take(rates).retry_after

    assert wait == 10
    assert not granted(rates, wait - 1)
    assert granted(rates, wait)


def test_it_is_told_when_nothing_is_used_up_any_more() -> None:
    rates = Rates(rate=2, burst=10)

    assert [take(rates).full_at for _ in range(4)] == [EPOCH + 1, EPOCH + 1, EPOCH + 2, EPOCH + 2]
    assert take(rates, 60).full_at == EPOCH + 61


def test_each_key_has_a_bucket_of_its_own() -> None:
    rates = Rates(rate=1, burst=1)

    assert take(rates, name="ci").retry_after == 0
    assert take(rates, name="web").retry_after == 0
    assert take(rates, name="ci").retry_after == 1


def test_a_clock_that_was_set_back_locks_nobody_out() -> None:
    rates = Rates(rate=1, burst=5)
    for _ in range(6):
        take(rates)

    assert granted(rates, -86_400)


def test_nothing_is_counted_when_rates_are_not_limited() -> None:
    assert Rates(rate=0, burst=1).take("ci", NOW) is None


def test_the_headers_are_those_that_clients_know() -> None:
    rates = Rates(rate=50, burst=200)

    told = take(rates).headers

    assert told == (
        (b"x-ratelimit-limit", b"200"),
        (b"x-ratelimit-remaining", b"199"),
        (b"x-ratelimit-reset", b"%d" % (EPOCH + 1)),
    )


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1, tzinfo=NOW.tzinfo), NOW])
@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_in_any_stretch_of_time_no_more_than_burst_and_rate_are_granted(
    moment: datetime, rate: float, burst: int, pauses: list[float]
) -> None:
    rates, at, times = Rates(rate=rate, burst=burst), moment, []
    for pause in pauses:
        at += timedelta(seconds=pause)
        allowance = rates.take("ci", at)
        assert allowance is not None
        assert 0 <= allowance.remaining < burst
        if allowance.retry_after == 0:
            times.append(at)

    for first in range(len(times)):
        span = (times[-1] - times[first]).total_seconds()
        assert len(times) - first <= burst + span * rate + 0.01
