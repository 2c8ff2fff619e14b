"""Records as CSV, and what a spreadsheet must not take for a formula."""

import csv
import io
from typing import Any

import pytest
from pydantic import BaseModel

from deploytrail.record.model import ApplicationRef, Links
from deploytrail.serve.spreadsheet import header, lines


class Row(BaseModel):
    name: str
    number: float | None = None
    good: bool = True
    words: tuple[str, ...] = ()
    links: Links = Links()
    application: ApplicationRef | None = None
    metadata: dict[str, Any] = {}


def read(*rows: Row) -> list[dict[str, str]]:
    text = (header(Row) + lines(rows)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_field_in_a_field_is_a_column() -> None:
    assert header(Row).decode() == (
        "name,number,good,words,links.build,links.logs,links.ui,application.namespace,application.name,"
        "application.uid,application.instance,application.history_id,application.revisions,metadata\r\n"
    )


def test_what_is_unknown_is_empty() -> None:
    [row] = read(Row(name="a"))

    assert {name for name, cell in row.items() if cell} == {"name", "good"}


def test_values_are_written_as_people_write_them() -> None:
    application = ApplicationRef(namespace="argocd", name="web", uid="1")
    [row] = read(Row(name="a", number=1.5, good=False, words=("x", "y"), application=application, metadata={"k": [1]}))

    assert (row["number"], row["good"], row["words"], row["metadata"]) == ("1.5", "false", "x y", '{"k":[1]}')
    assert (row["application.name"], row["application.instance"]) == ("web", "")


@pytest.mark.parametrize("text", ['a "b", c', "two\nlines", "a;b", "süß 🚀", " padded ", "1-2", "a=b", "x" * 40_000])
def test_text_comes_back_as_it_was(text: str) -> None:
    assert read(Row(name=text))[0]["name"] == text


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])  # noqa: RUF001
def test_what_a_spreadsheet_would_compute_is_made_text(begin: str) -> None:
    formula = f"{begin}cmd|' /C calc'!A0"

    [row] = read(Row(name=formula, words=(formula,), links=Links(ui=formula)))

    assert (row["name"], row["words"], row["links.ui"]) == (f"'{formula}",) * 3


def test_half_of_a_surrogate_pair_is_not_the_end_of_it() -> None:
    assert read(Row.model_construct(name="a\ud800"))[0]["name"] == "a?"


def test_lines_end_as_the_rfc_says() -> None:
    assert lines([Row(name="a"), Row(name="b")]).count(b"\r\n") == 2
