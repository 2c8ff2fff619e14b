"""Records as rows: ages, unknowns, and nothing that a terminal takes for a command."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploytrail.viewing.kinds import DEPLOYMENTS, KINDS, Column
from deploytrail.viewing.table import to_age, to_cell, to_table

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def cell(value: Any, form: str = "text", field: str = "x") -> str:
    return to_cell(Column("X", field, form), {"x": value}, now=NOW).plain


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "0s"),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (200, "3m20s"),
        (601, "10m"),
        (3600, "1h"),
        (3659, "1h"),
        (3660, "1h1m"),
        (9 * 3600 + 3599, "9h59m"),
        (36_000, "10h"),
        (86_400, "1d"),
        (2 * 86_400 + 4 * 3600, "2d4h"),
        (10 * 86_400 + 4 * 3600, "10d"),
        (4000 * 86_400, "4000d"),
    ],
)
def test_an_age_has_two_units_at_most(seconds: int, age: str) -> None:
    assert to_age(timedelta(seconds=seconds)) == age


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (None, "text", "-"),
        ("", "text", "-"),
        ("\n", "text", "-"),
        (True, "text", "true"),
        ("2026-11-21T11:59:00Z", "age", "1m"),
        ("yesterday", "age", "-"),
        ("2026-11-21T11:59:00", "age", "-"),
        (930.0, "seconds", "15m"),
        ("long", "seconds", "-"),
        ("abc123def456789012345678901234567890abcd", "commit", "abc123def456"),
        ("a\x1b[31mb\nc", "text", "a [31mb c"),
        ("[red]x[/red]", "text", "[red]x[/red]"),
        ("failed", "status", "failed"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value: object, form: str, shown: str) -> None:
    assert cell(value, form) == shown


def test_a_column_shows_the_first_of_its_fields_that_is_known() -> None:
    column = Column("X", "a|b.c|d")

    assert [to_cell(column, record, now=NOW).plain for record in ({"b": {"c": "1"}, "d": "2"}, {"d": "2"}, {})] == [
        "1",
        "2",
        "-",
    ]


@pytest.mark.parametrize("name", KINDS)
def test_wide_shows_more(name: str) -> None:
    narrow, wide = (to_table(KINDS[name], [], now=NOW, wide=wide).columns for wide in (False, True))

    assert len(narrow) < len(wide)
    assert {column.header for column in narrow} < {column.header for column in wide}


def test_there_is_a_row_for_each_record() -> None:
    table = to_table(DEPLOYMENTS, [{"product": "a"}, {"product": "b"}], now=NOW)

    assert table.row_count == 2
