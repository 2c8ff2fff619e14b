import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.mapping.times import parse_instant
from deploytrail.record.instant import to_rfc3339

WRITTEN = {
    "2025-11-19T10:20:32Z": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "2025-11-19T10:20:32.846Z": datetime(2025, 11, 19, 10, 20, 32, 846_000, tzinfo=UTC),
    "2025-11-19T10:20:32.846123Z": datetime(2025, 11, 19, 10, 20, 32, 846_123, tzinfo=UTC),
    "2025-11-19T10:20:32.846123987Z": datetime(2025, 11, 19, 10, 20, 32, 846_123, tzinfo=UTC),
    "2025-11-19T10:20:32,5Z": datetime(2025, 11, 19, 10, 20, 32, 500_000, tzinfo=UTC),
    "2025-11-19t10:20:32z": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "2025-11-19T10:20:32+05:30": datetime(2025, 11, 19, 4, 50, 32, tzinfo=UTC),
    "2025-11-19T10:20:32-0800": datetime(2025, 11, 19, 18, 20, 32, tzinfo=UTC),
    "2025-11-19T10:20:32+02": datetime(2025, 11, 19, 8, 20, 32, tzinfo=UTC),
    "2025-11-19T10:20:32": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "2025-11-19T10:20Z": datetime(2025, 11, 19, 10, 20, tzinfo=UTC),
    "2025-11-19 10:20:32": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "2025-11-19 10:20:32 +0100": datetime(2025, 11, 19, 9, 20, 32, tzinfo=UTC),
    "2025-11-19_10-20-32": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "20251119T102032Z": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    "2025-11-19": datetime(2025, 11, 19, tzinfo=UTC),
    " 2025-11-19T10:20:32Z\n": datetime(2025, 11, 19, 10, 20, 32, tzinfo=UTC),
    1700385632: datetime(2023, 11, 19, 9, 20, 32, tzinfo=UTC),
    1700385632846: datetime(2023, 11, 19, 9, 20, 32, 846_000, tzinfo=UTC),
    1700385632.5: datetime(2023, 11, 19, 9, 20, 32, 500_000, tzinfo=UTC),
    "1700385632": datetime(2023, 11, 19, 9, 20, 32, tzinfo=UTC),
    "1700385632846": datetime(2023, 11, 19, 9, 20, 32, 846_000, tzinfo=UTC),
    "1700385632.25": datetime(2023, 11, 19, 9, 20, 32, 250_000, tzinfo=UTC),
    0: datetime(1970, 1, 1, tzinfo=UTC),
    99_999_999_999: datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC),
    100_000_000_000: datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC),
}


@pytest.mark.parametrize(("written", "instant"), WRITTEN.items())
def test_a_time_is_understood_in_every_common_format(written: object, instant: datetime) -> None:
    parsed = parse_instant(written)

    assert parsed == instant
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        "",
        "now",
        "2025-13-01T00:00:00Z",
        "2025-02-30T00:00:00Z",
        "2025-11-19T24:00:00Z",
        "2025-11-19T10:20:32+25:00",
        "2025-11-19T10:20:32 nonsense",
        "2025-11-19T10:20:32Z2025-11-19T10:20:32Z",
        "\N{FULLWIDTH DIGIT TWO}025-11-19T10:20:32Z",
        "1e9",
        "-5",
        "+1700385632",
        "0x10",
        "nan",
        "infinity",
        True,
        None,
        [],
        {},
        math.nan,
        math.inf,
        -math.inf,
    ],
)
def test_what_is_no_time_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^is not a time"):
        parse_instant(written)


@pytest.mark.parametrize(
    "written",
    [
        -1,
        -0.5,
        -(10**30),
        10**15,
        10**400,
        1e300,
        "99999999999999999999",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_no_deployment_can_have_seen_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"^lies outside the years 1970 to 9999"):
        parse_instant(written)


AWARE = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis wants the bounds naive
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(AWARE)
def test_what_we_write_we_read(when: datetime) -> None:
    assert parse_instant(to_rfc3339(when)) == when
    assert parse_instant(when.isoformat()) == when


@given(st.integers(0, 99_999_999))
def test_seconds_and_milliseconds_of_one_instant_are_one_instant(seconds: int) -> None:
    seconds += 1_000_000_000

    assert parse_instant(seconds) == parse_instant(seconds * 1000) == parse_instant(str(seconds * 1000))


@given(st.text() | st.integers() | st.floats() | st.text("0123456789-:TZ.+ ", max_size=30))
def test_anything_is_a_time_or_a_value_error(written: object) -> None:
    try:
        instant = parse_instant(written)
    except ValueError:
        return
    assert instant.tzinfo is UTC
    assert instant.year >= 1970
