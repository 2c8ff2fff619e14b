from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploytrail.serve.cursor import from_cursor, to_cursor

TIMES = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants it


@given(TIMES, st.text())
def test_a_cursor_leads_back_to_its_position(when: datetime, deployment_id: str) -> None:
    cursor = to_cursor((when, deployment_id))

    assert from_cursor(cursor) == (when, deployment_id)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["", "x", "nonsense", "ä", "====", "bm90IGEgdGltZSB4"])
def test_what_is_no_cursor_is_a_value_error(cursor: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        from_cursor(cursor)


@given(st.text())
def test_any_text_is_a_position_or_a_value_error(cursor: str) -> None:
    try:
        from_cursor(cursor)
    except ValueError:
        return
